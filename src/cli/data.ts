import { defineCommand } from 'citty';
import { usd } from '../decide/words.ts';
import { SignalboxError } from '../errors.ts';
import { deduplicate } from '../training/dataset/deduplicate.ts';
import { loadDataset, type LoadedDataset } from '../training/dataset/load.ts';
import { stemOf } from '../training/dataset/place.ts';
import { splitByShare, splitByTime, splitIntoFolds, writeSplit, type Split } from '../training/dataset/split.ts';
import { summarise, type SetSummary } from '../training/dataset/summary.ts';
import { writeRows } from '../training/dataset/write.ts';
import { shareBar } from './eta-bar.ts';
import { wholeNumber } from './numbers.ts';
import { print, printJson, table } from './print.ts';
import { group, runnable } from './runnable.ts';

const FILES = {
  type: 'positional',
  required: true,
  description: 'Data files, plain or gzip: Signalbox, LLMRouter, RouteLLM, RouterBench, RouterDC; more may follow',
} as const;
const JSON_ARG = { type: 'boolean', description: 'Print JSON' } as const;

/** Reads files under a bar. */
async function load(files: readonly string[]): Promise<LoadedDataset> {
  const bar = shareBar('reading');
  try {
    return await loadDataset(files, { progress: bar.tell });
  } finally {
    bar.end();
  }
}

function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}

function share(value: number): string {
  return value.toFixed(4);
}

function modelTable({ models, rows, bestSingle }: SetSummary): string {
  return table(
    [
      { title: 'model' },
      { title: 'rows', align: 'right' },
      { title: 'quality', align: 'right' },
      { title: 'mean cost', align: 'right' },
      { title: '' },
    ],
    [...models]
      .sort((a, b) => b.quality - a.quality)
      .map((model) => [
        model.name,
        model.rows === rows ? String(rows) : `${model.rows} of ${rows}`,
        share(model.quality),
        model.costUsd === null ? 'unknown' : usd(model.costUsd),
        model.name === bestSingle?.name ? 'best single' : '',
      ]),
  );
}

const LABELS = 12;

function labelLine({ labels }: SetSummary): string {
  const named = labels.slice(0, LABELS).map(({ name, rows }) => `${name === '' ? '(none)' : name} ${rows}`);
  return `${named.join(', ')}${labels.length > LABELS ? ` and ${labels.length - LABELS} more` : ''}`;
}

function printSummary(loaded: LoadedDataset, summary: SetSummary, duplicates: number): void {
  print(
    table(
      [{ title: 'file' }, { title: 'format' }, { title: 'rows', align: 'right' }],
      loaded.files.map(({ file, format, rows }) => [file, format, String(rows)]),
    ),
    '',
    modelTable(summary),
    '',
    `rows      ${summary.rows}, ${summary.groups} different queries, ${duplicates} that say what another row says`,
    `labels    ${labelLine(summary)}`,
    `missing   ${(summary.missing * 100).toFixed(1)} % of scores`,
    `dated     ${summary.dated} rows`,
    `oracle    ${share(summary.oracle)}`,
    `sha256    ${summary.hash}`,
  );
}

const check = defineCommand({
  meta: { name: 'check', description: 'Read data files, say what they hold and what is odd' },
  args: { files: FILES, json: JSON_ARG },
  async run({ args }) {
    const loaded = await load(args._);
    const summary = summarise(loaded.rows);
    const { merged } = deduplicate(loaded.rows);
    const warnings = [...loaded.warnings, ...summary.warnings];
    if (args.json === true) return printJson({ files: loaded.files, ...summary, duplicates: merged, warnings });
    printSummary(loaded, summary, merged);
    warn(warnings);
  },
});

const importCommand = defineCommand({
  meta: { name: 'import', description: "Turn data files of any known format into one of Signalbox's own" },
  args: {
    files: FILES,
    out: { type: 'string', required: true, description: 'File to write; packed when it ends in .gz' },
    all: { type: 'boolean', description: 'Keep rows that say what another row says' },
    json: JSON_ARG,
  },
  async run({ args }) {
    const loaded = await load(args._);
    const { rows, merged } = args.all === true ? { rows: loaded.rows, merged: 0 } : deduplicate(loaded.rows);
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once('SIGINT', onSignal);
    try {
      await writeRows(args.out, rows, { signal: stop.signal });
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      process.stderr.write('stopped; nothing was written\n');
      return 1;
    } finally {
      process.removeListener('SIGINT', onSignal);
    }
    if (args.json === true) {
      return printJson({ out: args.out, rows: rows.length, merged, files: loaded.files, warnings: loaded.warnings });
    }
    print(`${args.out}: ${rows.length} rows${merged === 0 ? '' : `; ${merged} that said the same were merged`}`);
    warn(loaded.warnings);
  },
});

/** A share of the rows from the command line. */
function testShare(text: string): number {
  const value = Number(text);
  if (value > 0 && value < 1) return value;
  throw new SignalboxError('invalid_request', `--test takes a share between 0 and 1, not "${text.slice(0, 40)}"`);
}

function sizesOf({ folds, foldOf }: Split): number[] {
  const sizes = Array.from({ length: folds }, () => 0);
  for (const fold of foldOf.values()) sizes[fold] = (sizes[fold] ?? 0) + 1;
  return sizes;
}

const split = defineCommand({
  meta: {
    name: 'split',
    description: 'Draw folds, or train and test rows, and save them; equal queries stay together',
  },
  args: {
    files: FILES,
    folds: { type: 'string', description: 'Folds for cross-validation (default 5)' },
    test: { type: 'string', description: 'Instead: the share of rows to test on, such as 0.2' },
    latest: { type: 'boolean', description: 'With --test: the latest rows instead of random ones' },
    seed: { type: 'string', default: '7', description: 'Seed of the draw' },
    out: { type: 'string', required: true, description: 'JSON file to write' },
    json: JSON_ARG,
  },
  async run({ args }) {
    if (args.folds !== undefined && args.test !== undefined) {
      throw new SignalboxError('invalid_request', '--folds and --test exclude each other');
    }
    if (args.latest === true && args.test === undefined) {
      throw new SignalboxError('invalid_request', '--latest needs --test, the share of the latest rows');
    }
    const seed = wholeNumber(args.seed, 'seed', 0, 2 ** 31);
    const folds = wholeNumber(args.folds ?? '5', 'folds', 2, 1000);
    const tested = args.test === undefined ? undefined : testShare(args.test);
    const { rows } = await load(args._);
    const name = args._.map(stemOf).join('+');
    const drawn =
      tested === undefined
        ? splitIntoFolds(rows, name, folds, seed)
        : args.latest === true
          ? splitByTime(rows, name, tested)
          : splitByShare(rows, name, tested, seed);
    await writeSplit(args.out, drawn);
    const sizes = sizesOf(drawn);
    if (args.json === true) {
      const { foldOf: _, ...rest } = drawn;
      return printJson({ out: args.out, ...rest, sizes });
    }
    const from = drawn.from === undefined ? '' : `, test from ${drawn.from}`;
    print(`${args.out}: ${drawn.kind === 'folds' ? 'folds' : 'train and test'} of ${sizes.join(', ')} rows${from}`);
  },
});

export const data = group(
  'data',
  { check: runnable(check, 'data'), import: runnable(importCommand, 'data'), split: runnable(split, 'data') },
  'check',
);
