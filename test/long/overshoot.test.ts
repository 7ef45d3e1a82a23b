import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { completion, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { startServe } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';
import { hasRedisServer, startRedis, type OwnRedis } from '../support/redis.ts';

const PROCESSES = 4;
const AT_ONCE = 200;
const KEY = 'sb-a-key-for-tests-of-overshoot-01';
/** Estimated at the 11 tokens that the upstream counts; 7 come back: 25 µ$ at 1 and 2 USD per million. */
const HI = 'What is the capital of Iceland?';
const COST = 25e-6;
const TOKENS = 18;

let upstream: MockProvider;
let redis: OwnRedis | undefined;
let inFlight = { now: 0, most: 0 };

beforeAll(async () => {
  upstream = await startMockProvider();
  // Slow enough that all of them are under way together.
  upstream.behave(async (request, response) => {
    inFlight.now++;
    inFlight.most = Math.max(inFlight.most, inFlight.now);
    await new Promise((resolve) => setTimeout(resolve, 300));
    inFlight.now--;
    await json(completion('Hello.'))(request, response);
  });
  if (hasRedisServer) redis = await startRedis();
}, 30_000);

afterAll(async () => {
  await upstream.close();
  await redis?.kill();
});

/** Processes of one deployment: workers of one, or replicas with one Redis. */
type Deployment = 'workers' | 'replicas';

async function deploy(how: Deployment, limits: object, redisUrl: string | null) {
  const folders = await Promise.all(Array.from({ length: how === 'workers' ? 1 : PROCESSES }, temporaryFolder));
  const config: ConfigInput = {
    providers: { p: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
    models: [{ id: 'm', provider: 'p', price: { input: 1, output: 2 } }],
    auth: { keys: [{ name: 'ci', key: KEY, ...limits }] },
    storage: { redis: redisUrl },
  };
  const served = await Promise.all(
    folders.map(async ({ path }) => {
      await writeFile(join(path, 'signalbox.yaml'), JSON.stringify(config));
      const more = how === 'workers' ? ['--workers', String(PROCESSES)] : [];
      return startServe([...more, '--log', 'error'], { cwd: path });
    }),
  );
  return {
    urls: served.map(({ url }) => url),
    async close() {
      for (const { child } of served) child.kill('SIGTERM');
      await Promise.all(served.map(({ ended }) => ended));
      await Promise.all(folders.map((folder) => folder.remove()));
    },
  };
}

/** Asks so many times at once, over all processes; tells the statuses. */
async function flood(urls: readonly string[]): Promise<number[]> {
  inFlight = { now: 0, most: 0 };
  return Promise.all(
    Array.from({ length: AT_ONCE }, async (_, n) => {
      const response = await fetch(`${urls[n % urls.length]}/v1/chat/completions`, {
        method: 'POST',
        // A connection each, so that every process gets some.
        headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}`, connection: 'close' },
        body: JSON.stringify(asking(HI, { model: 'm', max_tokens: 7 })),
      });
      await response.text();
      return response.status;
    }),
  );
}

const answered = (statuses: readonly number[]) => statuses.filter((status) => status === 200).length;
const refused = (statuses: readonly number[]) => statuses.filter((status) => status === 429).length;

describe.each<Deployment>(['workers', 'replicas'])(`${AT_ONCE} at once over ${PROCESSES} processes (%s)`, (how) => {
  const over = async (limits: object, check: (statuses: number[], again: number[]) => void) => {
    if (how === 'replicas' && redis === undefined) {
      console.warn('skipped: replicas over Redis. Debian’s package "redis-server" is not installed');
      return;
    }
    const { urls, close } = await deploy(how, limits, how === 'replicas' ? (redis?.url ?? null) : null);
    try {
      const first = await flood(urls);
      check(first, await flood(urls));
    } finally {
      await close();
    }
  };

  it('overrun a budget by one reserve at most', { timeout: 60_000 }, () =>
    over({ budget: { usd: 20 * COST, per: 'month', zone: 'UTC', atLimit: 'refuse' } }, (statuses, again) => {
      expect(answered(statuses) + refused(statuses)).toBe(AT_ONCE);
      // The reserve of a request is what it costs.
      expect(answered(statuses)).toBe(20);
      expect(answered(again)).toBe(0);
    }),
  );

  it('overrun a limit of tokens by one request at most', { timeout: 60_000 }, () =>
    over({ limits: { tpm: 10 * TOKENS + 1 } }, (statuses) => {
      expect(answered(statuses) + refused(statuses)).toBe(AT_ONCE);
      expect(answered(statuses)).toBeGreaterThanOrEqual(11);
      // A token comes back every third of a second.
      expect(answered(statuses)).toBeLessThanOrEqual(13);
    }),
  );

  it('never overrun a limit of requests at once', { timeout: 60_000 }, () =>
    over({ limits: { parallel: 5 } }, (statuses, again) => {
      expect(inFlight.most).toBeLessThanOrEqual(5);
      for (const round of [statuses, again]) {
        expect(answered(round)).toBeGreaterThanOrEqual(5);
        expect(answered(round) + refused(round)).toBe(AT_ONCE);
      }
    }),
  );
});
