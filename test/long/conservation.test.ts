import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openStore } from '../../src/ledger/open-store.ts';
import { eachLine, type RequestLine } from '../../src/ledger/request-lines.ts';
import { seededRandom } from '../../src/routers/numeric/random.ts';
import { startServe } from '../support/cli.ts';
import {
  ANSWER,
  promptOf,
  startCountingUpstream,
  type Counted,
  type CountedCall,
  type Fate,
  type WireName,
} from '../support/counting-upstream.ts';
import { CLIENT_DIALECTS } from '../support/dialects.ts';
import { freePort } from '../support/free-port.ts';
import { temporaryFolder } from '../support/gateway.ts';
import { startOwnPostgres, type OwnPostgres } from '../support/own-postgres.ts';

/** Requests in all; the whole 50 000 unless told otherwise. */
const REQUESTS = Number(process.env['SIGNALBOX_CONSERVATION'] ?? 50_000);
const CONNECTIONS = 64;

/** USD per million tokens, with more digits than a nano-dollar holds. */
const PRICES = {
  openai: { input: 1.37123, output: 2.91457, cacheRead: 0.31211, cacheWrite: 0 },
  anthropic: { input: 3.10937, output: 15.70391, cacheRead: 0.33713, cacheWrite: 3.90173 },
  ollama: { input: 0.21019, output: 0.43117, cacheRead: 0, cacheWrite: 0 },
} as const satisfies Record<WireName, object>;

/** Pico-dollars per token, exact. */
const pico = (usdPerMillion: number): bigint => BigInt(Math.round(usdPerMillion * 1e6));

/** What the provider's count comes to, nano-dollars: exact, rounded once, half to even. */
function costOf({ wire, input, output, cacheRead, cacheWrite }: Counted): bigint {
  const price = PRICES[wire];
  const sum =
    BigInt(input - cacheRead - cacheWrite) * pico(price.input) +
    BigInt(output) * pico(price.output) +
    BigInt(cacheRead) * pico(price.cacheRead) +
    BigInt(cacheWrite) * pico(price.cacheWrite);
  const [whole, rest] = [sum / 1000n, sum % 1000n];
  return rest > 500n || (rest === 500n && whole % 2n === 1n) ? whole + 1n : whole;
}

/** One call in twelve goes wrong; what may have been billed without a word of it is rare, and never exact. */
function fateOf({ n, call }: CountedCall): Fate {
  const roll = (n * 2_654_435_761 + call * 40_503) % 1000;
  if (roll < 40) return 'error-500';
  if (roll < 60) return 'busy';
  if (roll < 75) return 'reset';
  return roll < 90 ? 'cut' : 'ok';
}

function configOf(url: string, storage: string): object {
  const kinds: WireName[] = ['openai', 'anthropic', 'ollama'];
  return {
    storage: { url: storage, journal: 'journal' },
    providers: Object.fromEntries(
      kinds.map((kind) => [kind, { kind, baseUrl: kind === 'ollama' ? url : `${url}/v1`, apiKey: 'k' }]),
    ),
    models: kinds.map((kind) => {
      const { input, output, cacheRead, cacheWrite } = PRICES[kind];
      const cache = kind === 'ollama' ? {} : { cacheRead, ...(kind === 'anthropic' ? { cacheWrite } : {}) };
      return { id: `${kind}-model`, provider: kind, model: 'm', maxOutput: 500, price: { input, output, ...cache } };
    }),
    routing: { strategy: 'random', default: 'openai-model' },
    timeouts: { firstToken: '5s', firstTokenLocal: '5s', idle: '2s', total: '20s' },
    retries: { max: 2, wait: '200ms' },
  };
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let postgres: OwnPostgres | undefined;
let upstream: Awaited<ReturnType<typeof startCountingUpstream>>;

beforeAll(async () => {
  folder = await temporaryFolder();
  postgres = await startOwnPostgres('conservation over a PostgreSQL that crashes');
  upstream = await startCountingUpstream(fateOf);
}, 60_000);

afterAll(async () => {
  await upstream.close();
  postgres?.stop();
  await folder.remove();
});

describe(`${REQUESTS} mixed requests, a kill -9 and a crash of PostgreSQL in the middle`, () => {
  it('are all on the ledger, once, at what the provider counted', { timeout: 30 * 60_000 }, async (test) => {
    if (postgres === undefined) {
      test.skip();
      return;
    }
    const database = postgres;
    await writeFile(join(folder.path, 'signalbox.yaml'), JSON.stringify(configOf(upstream.url, database.url)));
    const port = String(await freePort());
    const serve = () => startServe(['--port', port, '--log', 'error'], { cwd: folder.path });
    let serving = await serve();
    let up = Promise.resolve();
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const random = seededRandom(5);
    /** Numbers of requests whose caller has all of its answer. */
    const finished = new Set<number>();
    const counts = { left: 0, broken: 0, failed: 0 };

    const ask = (n: number): Promise<'done' | 'refused'> =>
      new Promise((resolve) => {
        const dialect = CLIENT_DIALECTS[n % CLIENT_DIALECTS.length] ?? CLIENT_DIALECTS[0];
        if (dialect === undefined) return resolve('done');
        const stream = random() < 0.5;
        const leaves = random() < 0.04;
        const call = request({
          host: '127.0.0.1',
          port,
          path: dialect.path,
          method: 'POST',
          agent,
          headers: { 'content-type': 'application/json', 'x-signalbox-user': `n${n}` },
        });
        let over = false;
        const end = (how: 'done' | 'refused', why?: keyof typeof counts) => {
          if (over) return;
          over = true;
          if (why !== undefined) counts[why]++;
          resolve(how);
        };
        call.on('error', (error: NodeJS.ErrnoException) =>
          error.code === 'ECONNREFUSED' ? end('refused') : end('done', 'broken'),
        );
        call.on('response', (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => {
            parts.push(part);
            if (!leaves || over) return;
            end('done', 'left');
            call.destroy();
          });
          response.on('error', () => end('done', 'broken'));
          response.on('end', () => {
            if (over) return;
            const told = dialect.read(Buffer.concat(parts).toString(), stream && response.statusCode === 200);
            if (told.complete && told.text === ANSWER) {
              finished.add(n);
              end('done');
            } else end('done', 'failed');
          });
          response.on('close', () => end('done', 'broken'));
        });
        call.end(JSON.stringify(dialect.body(promptOf(n), stream)));
      });

    let next = 0;
    let asked = 0;
    const worker = async () => {
      while (next < REQUESTS) {
        const n = next++;
        await up;
        while ((await ask(n)) === 'refused') await up;
        asked++;
      }
    };
    const workers = Promise.all(Array.from({ length: CONNECTIONS }, worker));
    const reach = (share: number) =>
      expect.poll(() => asked, { timeout: 20 * 60_000, interval: 50 }).toBeGreaterThan(share * REQUESTS);

    await reach(0.4);
    let started: () => void = () => {};
    up = new Promise((resolve) => (started = resolve));
    serving.child.kill('SIGKILL');
    await serving.ended;
    serving = await serve();
    started();
    await reach(0.65);
    database.crash();
    await workers;
    agent.destroy();
    serving.child.kill('SIGTERM');
    expect((await serving.ended).code).toBe(0);

    const store = await openStore(database.url, { clock: systemClock });
    const lines = new Map<number, RequestLine>();
    let rows = 0;
    for await (const line of eachLine(store, { since: 0, until: Date.now() + 1 })) {
      rows++;
      lines.set(Number(line.user.slice(1)), line);
    }
    // What the store sums by the hour is what its rows come to.
    const [total] = await store.usage({ since: 0, until: Date.now() + 1 });
    expect(total?.requests).toBe(rows);
    await store.close();

    // None twice. A request that was asked again because nothing listened has reached nobody before.
    expect(rows).toBe(lines.size);
    // None missing.
    expect([...upstream.seen].filter((n) => !lines.has(n))).toEqual([]);
    const statuses: Record<string, number> = {};
    const wrong: string[] = [];
    let exact = 0;
    for (const [n, line] of lines) {
      statuses[line.status] = (statuses[line.status] ?? 0) + 1;
      const billed = (upstream.billed.get(n) ?? []).reduce((sum, counted) => sum + costOf(counted), 0n);
      const booked = BigInt(Math.round((line.costUsd ?? -1) * 1e9));
      if (!finished.has(n)) continue;
      if (line.status !== 'ok') wrong.push(`${n}: the caller has its answer, and it is ${line.status}`);
      // A cut or reset call may have been billed, and nobody said what.
      if (line.estimated) continue;
      exact++;
      if (booked !== billed)
        wrong.push(`${n}: booked ${booked}, billed ${billed} (${line.model}, ${line.attempts} attempts)`);
    }
    console.log(JSON.stringify({ asked, finished: finished.size, exact, rows, ...counts, statuses }));
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(statuses['open'] ?? 0).toBe(0);
    expect(finished.size).toBeGreaterThan(0.9 * REQUESTS);
    expect(exact).toBeGreaterThan(0.9 * finished.size);
    expect(statuses['interrupted'] ?? 0).toBeGreaterThan(0);
    expect(statuses['interrupted'] ?? 0).toBeLessThanOrEqual(2 * CONNECTIONS);
  });
});
