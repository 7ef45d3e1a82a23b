import { defineCommand } from 'citty';
import { stat } from 'node:fs/promises';
import { grouped, percent, usd } from '../decide/words.ts';
import { SignalboxError } from '../errors.ts';
import { TRAINABLES } from '../routers/trainables.ts';
import { writeArtifact } from '../training/artifact-file.ts';
import { trainInThread, type TrainResult } from '../training/train-thread.ts';
import { EMBEDDER_ARG, openEmbedder, requireEmbedder, type OpenEmbedder } from './embedder.ts';
import { etaBar } from './eta-bar.ts';
import { joinLists, listOf } from './lists.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson } from './print.ts';
import { runnable, type Runnable } from './runnable.ts';

const ROUTERS = TRAINABLES.map(({ name }) => name);

const train = defineCommand({
  meta: { name: 'train', description: 'Learn from recorded outcomes: turn data files into an artifact to route with' },
  args: {
    data: {
      type: 'string',
      required: true,
      description: 'Data files of any known format, plain or gzip; several may follow',
    },
    router: { type: 'string', default: 'learned', description: `What learns: ${ROUTERS.join(', ')}` },
    out: { type: 'string', required: true, description: 'File to write, ends in .safetensors', valueHint: 'file' },
    embedder: EMBEDDER_ARG,
    seed: { type: 'string', default: '7', description: 'The same data and seed give the same file' },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const files = listOf(args.data);
    const seed = wholeNumber(args.seed, 'seed', 0, 2 ** 31);
    if (!ROUTERS.includes(args.router)) {
      throw new SignalboxError(
        'invalid_request',
        `--router takes ${ROUTERS.join(', ')}, not "${args.router.slice(0, 40)}"`,
      );
    }
    requireEmbedder(
      TRAINABLES.filter(({ name }) => name === args.router),
      args.embedder,
    );
    await checkOut(args.out);
    const embedder = await openEmbedder(args.embedder);
    const started = performance.now();
    const bar = etaBar();
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    try {
      const { signal } = stop;
      const result = await trainInThread(
        { files, router: args.router, seed },
        { signal, progress: bar.tell, embed: embedder?.embed },
      );
      bar.end();
      if (result === undefined || signal.aborted) {
        process.stderr.write('stopped; nothing was written\n');
        return 1;
      }
      const version = await writeArtifact(args.out, result.artifact);
      const seconds = Math.round((performance.now() - started) / 100) / 10;
      const { size } = await stat(args.out);
      const made = { out: args.out, router: args.router, version, bytes: size, seconds };
      if (args.json === true) printJson({ ...made, ...numbersOf(result, embedder) });
      else print(...linesOf(made, result));
      for (const warning of warningsOf(result, embedder)) process.stderr.write(`warning: ${warning}\n`);
    } finally {
      bar.end();
      process.removeListener('SIGINT', onSignal);
      process.removeListener('SIGTERM', onSignal);
      await embedder?.close();
    }
    return 0;
  },
});

/** What cannot be written must be known before the work. */
async function checkOut(out: string): Promise<void> {
  if (!out.toLowerCase().endsWith('.safetensors')) {
    throw new SignalboxError(
      'invalid_request',
      `--out takes a file that ends in .safetensors, not "${out.slice(0, 80)}"`,
    );
  }
  const there = await stat(out).catch(() => undefined);
  if (there?.isDirectory() === true) throw new SignalboxError('invalid_request', `--out: ${out} is a folder`);
}

function warningsOf({ warnings, summary, artifact }: TrainResult, embedder: OpenEmbedder | undefined): string[] {
  const idle = embedder !== undefined && artifact.embedder === undefined;
  return [
    ...warnings,
    ...summary.warnings,
    ...(idle ? [`the router reads no vectors of ${embedder.name}: it was better, or can only be fitted, without`] : []),
  ];
}

function numbersOf(result: TrainResult, embedder: OpenEmbedder | undefined) {
  const { artifact, summary, files } = result;
  return {
    rows: summary.rows,
    queries: summary.groups,
    models: artifact.models,
    sampleRows: artifact.sample?.rows ?? 0,
    hash: summary.hash,
    metrics: artifact.metrics,
    embedder: artifact.embedder ?? null,
    files,
    warnings: warningsOf(result, embedder),
  };
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined),
    value,
  );
}

/** A number of a metric, however deep. */
function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(value, path);
  return typeof found === 'number' ? found : undefined;
}

function textAt(value: unknown, ...path: readonly string[]): string {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : '';
}

function strategyLine(name: string, metrics: unknown): string[] {
  const quality = numberAt(metrics, 'strategies', name, 'quality');
  const share = numberAt(metrics, 'strategies', name, 'qualityShare');
  const cost = numberAt(metrics, 'strategies', name, 'expectedCostShare');
  if (quality === undefined || share === undefined) return [];
  const [low, high] = [0, 1].map((i) => numberAt(metrics, 'strategies', name, 'qualityShareCi', String(i)));
  const interval = low === undefined || high === undefined ? '' : ` [${percent(low)}, ${percent(high)}]`;
  const paid = cost === undefined ? '' : ` at ${percent(cost)} of its cost`;
  return [
    `  ${name.padEnd(12)}quality ${quality.toFixed(4)}, ${percent(share)}${interval} of ${textAt(metrics, 'strategies', name, 'of')}'s${paid}`,
  ];
}

function linesOf(
  made: {
    readonly out: string;
    readonly router: string;
    readonly version: string;
    readonly bytes: number;
    readonly seconds: number;
  },
  { artifact, summary }: TrainResult,
): string[] {
  const { bestSingle, groups } = summary;
  const { metrics, models, sample, embedder } = artifact;
  const price = bestSingle === null || bestSingle.costUsd === null ? '' : `, ${usd(bestSingle.costUsd)} a query`;
  const strategies = ['balanced', 'cost-first'].flatMap((name) => strategyLine(name, metrics));
  return [
    `${made.out}: ${made.router}@${made.version}, ${models.length} models, ${grouped(groups)} queries, ${(made.bytes / 1e6).toFixed(1)} MB, ${made.seconds} s`,
    ...(bestSingle === null
      ? []
      : [`  best model  ${bestSingle.name}, quality ${bestSingle.quality.toFixed(4)}${price}`]),
    ...strategies,
    ...(strategies.length === 0
      ? []
      : [
          `              on ${grouped(sample?.rows ?? 0)} queries, each predicted by a fit that had not seen it; λ from one half, judged on the other; 95 % intervals`,
        ]),
    '',
    `  signalbox route "<text>" --artifact ${made.out}     # what it would choose, and why`,
    embedder === undefined
      ? `  routing: { router: ${made.out} }     # in signalbox.yaml, from its folder`
      : `  routing: { router: ${made.out}, embedder: { kind: ${embedder.kind}, model: ${embedder.model}, dimensions: ${embedder.dim} } }     # in signalbox.yaml; with baseUrl and apiKey, or provider`,
  ];
}

const command = runnable(train);

/** `--data a b` is one option with two values. */
export const trainCommand: Runnable = {
  usage: command.usage,
  run: (rawArgs) => command.run(joinLists(rawArgs, ['data'])),
};
