import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mainThreadMicros } from './cpu.ts';
import { firstByte, median } from './first-byte.ts';
import { load, type LoadOptions } from './load.ts';
import { startPortkey } from './portkey.ts';
import { startProcess, startScript } from './process.ts';
import { TRAINED, artifactOf } from './trained.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Everything on: ledger, metrics, three models to route among. */
function configFor(upstream: string, folder: string, router: string): string {
  const model = (id: string, as: string, quality: number, price: string) =>
    `  - { id: ${id}, as: ${as}, provider: bench, model: ${id}-upstream, quality: ${quality}, price: ${price}, contextWindow: 128000, capabilities: [tools, json] }`;
  return `server: { port: 0 }
storage: { url: "file:${folder}/${router}/signalbox.db", journal: ${folder}/${router}/journal }
providers:
  bench: { kind: openai, baseUrl: "${upstream}/v1", apiKey: bench }
models:
${model('small', 'model-b', 0.6, '{ input: 0.15, output: 0.6 }')}
${model('medium', 'model-f', 0.8, '{ input: 1, output: 4 }')}
${model('large', 'model-k', 0.9, '{ input: 5, output: 15 }')}
routing: { router: ${router === 'prior' ? router : `${folder}/${router}.safetensors`}, default: large }
`;
}

export interface Contender {
  readonly name: string;
  readonly pid: number | undefined;
  readonly target: Omit<LoadOptions, 'stream' | 'seconds'>;
}

export interface GatewayResult {
  readonly json: Readonly<Record<string, number>>;
  /** Microseconds of the main thread's CPU per JSON request: says more than a rate while others use the machine. */
  readonly jsonMicros: Readonly<Record<string, number>>;
  /** `translated`: for a caller of Anthropic's Messages, from the same upstream. */
  readonly stream: Readonly<Record<string, number>>;
  readonly streamMicros: Readonly<Record<string, number>>;
  readonly firstByteMs: { readonly bare: number; readonly signalbox: number };
  readonly portkey: string | undefined;
}

async function rounds(contenders: readonly Contender[], stream: boolean, seconds: number, count: number) {
  const rates: Record<string, number[]> = {};
  const micros: Record<string, number[]> = {};
  for (const { target } of contenders) await load({ ...target, stream, seconds: 2 });
  for (let round = 0; round < count; round++) {
    // Each round in another order, so that no contender always runs on a warm or a tired machine.
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const { name, target, pid } of order) {
      const before = mainThreadMicros(pid);
      const rate = await load({ ...target, stream, seconds });
      (rates[name] ??= []).push(rate);
      (micros[name] ??= []).push((mainThreadMicros(pid) - before) / (rate * seconds));
    }
  }
  return { rates: medians(rates), micros: medians(micros) };
}

function medians(values: Readonly<Record<string, readonly number[]>>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, list]) => [name, median(list)]));
}

/** Bare proxy, Signalbox and, where it can be installed, the Portkey gateway, against one upstream in one run. */
export async function benchGateway(options: {
  readonly seconds: number;
  readonly rounds: number;
  readonly firstBytes: number;
}): Promise<GatewayResult> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  const upstream = await startScript('./upstream.ts');
  const bare = await startScript('./bare-proxy.ts', upstream.url);
  const serve = async (router: string) => {
    const config = join(folder, `${router}.yaml`);
    await mkdir(join(folder, router));
    await writeFile(config, configFor(upstream.url, folder, router));
    return startProcess([process.execPath, MAIN, 'serve', '--config', config, '--log', 'warn'], /127\.0\.0\.1:(\d+)/);
  };
  const signalbox = await serve('prior');
  const trained: { readonly name: string; readonly gateway: Awaited<ReturnType<typeof serve>> }[] = [];
  for (const trainable of TRAINED) {
    await writeFile(join(folder, `${trainable.name}.safetensors`), artifactOf(trainable));
    trained.push({ name: trainable.name, gateway: await serve(trainable.name) });
  }
  const portkey = await startPortkey();
  const contenders: Contender[] = [
    { name: 'bare', pid: bare.child.pid, target: { url: bare.url, model: 'bench-model' } },
    { name: 'signalbox', pid: signalbox.child.pid, target: { url: signalbox.url, model: 'auto' } },
    ...trained.map(({ name, gateway: { child, url } }) => ({ name, pid: child.pid, target: { url, model: 'auto' } })),
    ...(portkey === undefined
      ? []
      : [
          {
            name: 'portkey',
            pid: portkey.child.pid,
            target: {
              url: portkey.url,
              model: 'bench-model',
              headers: {
                authorization: 'Bearer bench',
                'x-portkey-provider': 'openai',
                'x-portkey-custom-host': `${upstream.url}/v1`,
              },
            },
          },
        ]),
  ];
  try {
    const json = await rounds(contenders, false, options.seconds, options.rounds);
    // Portkey 1.15.2 answers streams with 500 ("immutable" headers) on Node 20, so it is timed on JSON only.
    const streaming = contenders.filter(({ name }) => name === 'bare' || name === 'signalbox');
    const translated = {
      name: 'translated',
      pid: signalbox.child.pid,
      target: { url: signalbox.url, model: 'auto', path: '/v1/messages' },
    };
    const stream = await rounds([...streaming, translated], true, options.seconds, options.rounds);
    const first = await firstByte(
      { url: bare.url, model: 'bench-model' },
      { url: signalbox.url, model: 'auto' },
      options.firstBytes,
    );
    return {
      json: json.rates,
      jsonMicros: json.micros,
      stream: stream.rates,
      streamMicros: stream.micros,
      firstByteMs: { bare: first.a, signalbox: first.b },
      portkey: portkey?.version,
    };
  } finally {
    await Promise.all([
      signalbox.stop(),
      ...trained.map(({ gateway }) => gateway.stop()),
      bare.stop(),
      upstream.stop(),
      portkey?.stop(),
    ]);
    await rm(folder, { recursive: true, force: true });
  }
}
