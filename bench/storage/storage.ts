import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSchema, hasPostgres } from '../../test/support/postgres.ts';
import { mainThreadMicros } from '../gateway/cpu.ts';
import { median } from '../gateway/first-byte.ts';
import { load } from '../gateway/load.ts';
import { startScript } from '../gateway/process.ts';
import { drainRate } from './drain.ts';

export interface StorageOptions {
  /** Requests that are moved at once. */
  readonly requests: number;
  readonly rounds: number;
  /** Of load, each time. */
  readonly seconds: number;
}

/** By name of the store. */
type Rates = Readonly<Record<string, number>>;

export interface StorageResult {
  /** Settled requests per second from journal to store. */
  readonly drain: Rates;
  /** Requests per second that the gateway answers; `off` has no ledger. */
  readonly gateway: Rates;
  /** Microseconds of the main thread's CPU per request: says more than a rate while others use the machine. */
  readonly gatewayMicros: Rates;
}

function configFor(upstream: string, folder: string, name: string, url: string) {
  const model = (id: string, quality: number, input: number) => ({
    id,
    provider: 'bench',
    quality,
    price: { input, output: 4 * input },
    contextWindow: 128_000,
  });
  return {
    server: { port: 0 },
    storage: { url, journal: join(folder, name, 'journal') },
    providers: { bench: { kind: 'openai', baseUrl: `${upstream}/v1`, apiKey: 'bench' } },
    models: [model('small', 0.6, 0.15), model('medium', 0.8, 1), model('large', 0.9, 5)],
    routing: { router: 'prior', default: 'large' },
  };
}

async function medians(names: readonly string[], rounds: number, measure: (name: string) => Promise<number>) {
  const rates: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    // Each round in another order, so that none always runs on a warm or a tired machine.
    for (const name of round % 2 === 0 ? names : names.toReversed()) (rates[name] ??= []).push(await measure(name));
  }
  return Object.fromEntries(Object.entries(rates).map(([name, list]) => [name, median(list)]));
}

/** What the stores take, and what keeping a ledger costs the gateway, side by side in one run. */
export async function benchStorage({ requests, rounds, seconds }: StorageOptions): Promise<StorageResult> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-'));
  const schema = (await hasPostgres('PostgreSQL in the bench')) ? await createSchema() : undefined;
  const stores = schema === undefined ? ['sqlite'] : ['sqlite', 'postgres'];
  const upstream = await startScript('./upstream.ts');
  const serving: Record<string, Awaited<ReturnType<typeof startScript>>> = {};
  try {
    const drain = await medians(stores, rounds, async (name) => {
      if (name === 'sqlite') return drainRate((inner) => `file:${inner}/ledger.db`, requests);
      const own = await createSchema();
      try {
        return await drainRate(() => own.url, requests);
      } finally {
        await own.drop();
      }
    });
    for (const name of ['off', ...stores]) {
      const url = name === 'postgres' ? (schema?.url ?? '') : `file:${folder}/${name}.db`;
      const path = join(folder, `${name}.json`);
      await writeFile(path, JSON.stringify(configFor(upstream.url, folder, name, url)));
      serving[name] = await startScript('../storage/serve.mjs', path, name);
      await load({ url: serving[name].url, model: 'auto', stream: false, seconds: 2 });
    }
    const micros: Record<string, number[]> = {};
    const gateway = await medians(Object.keys(serving), rounds, async (name) => {
      const pid = serving[name]?.child.pid;
      const before = mainThreadMicros(pid);
      const rate = await load({ url: serving[name]?.url ?? '', model: 'auto', stream: false, seconds });
      (micros[name] ??= []).push((mainThreadMicros(pid) - before) / (rate * seconds));
      return rate;
    });
    const gatewayMicros = Object.fromEntries(Object.entries(micros).map(([name, list]) => [name, median(list)]));
    return { drain, gateway, gatewayMicros };
  } finally {
    await Promise.all([upstream, ...Object.values(serving)].map((one) => one.stop()));
    await schema?.drop();
    await rm(folder, { recursive: true, force: true });
  }
}
