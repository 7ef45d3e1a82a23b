import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIds } from '../../src/id.ts';
import { manualClock } from '../../src/state/conformance.ts';
import { answers, resets, startMockProvider, streamEvents, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const REQUESTS = 4000;
const AT_ONCE = 40;
const MAX = 1e9;
const LARGE = { usd: 1000, per: 'month' as const };
const KEYS = [1, 2, 3].map((n) => ({
  name: `k${n}`,
  key: `sb-a-key-for-tests-of-what-is-held-${n}`,
  limits: { rpm: MAX, tpm: MAX, parallel: 1000 },
  budget: LARGE,
}));

/** Uniform in [0, 1), the same in every run (Numerical Recipes). */
function draws(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

let upstream: MockProvider;
let box: TestGateway;
// It stands still: no bucket refills, and no period ends.
const clock = manualClock(Date.UTC(2026, 10, 15));

beforeAll(async () => {
  const draw = draws(7);
  upstream = await startMockProvider();
  upstream.behave(async (request, response) => {
    const luck = draw();
    if (luck < 0.05) response.writeHead(429, { 'retry-after': '100' }).end('{}');
    else if (luck < 0.1) response.writeHead(500).end('{}');
    else if (luck < 0.15) await resets(request, response);
    else if (luck < 0.3) {
      const [head = '', word = '', ...rest] = streamEvents(['a', 'b', 'c']);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(head + word);
      await new Promise(setImmediate);
      if (luck < 0.2) response.destroy();
      else response.end(rest.join(''));
    } else await answers(request, response);
  });
  box = await startGateway(
    {
      ...twoModels(upstream.baseUrl),
      auth: { mode: 'required', keys: KEYS },
      roles: { r: { budget: LARGE, cache: { ttl: '1h' } } },
      budgets: [LARGE, { ...LARGE, tag: 'team=red' }],
      retries: { max: 1, wait: '10ms' },
    },
    { clock },
  );
});

afterAll(async () => {
  await box.close();
  await upstream.close();
});

describe(`${REQUESTS} mixed requests: streams, kept answers, take-overs, callers who leave`, () => {
  it('have given everything back that they did not use', { timeout: 300_000 }, async () => {
    const draw = draws(11);
    const { runtime, ledger } = box.engine;
    const ids = createIds(clock, draw);
    const one = async (n: number): Promise<void> => {
      const key = KEYS[n % KEYS.length]?.key ?? '';
      const leave = new AbortController();
      const pick = <T>(...from: readonly T[]) => from[Math.floor(draw() * from.length)];
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${key}`,
        ...(draw() < 0.4 ? { 'x-signalbox-cache': '10m' } : {}),
        ...(draw() < 0.5 ? { 'x-signalbox-role': 'r' } : {}),
        ...(draw() < 0.2 ? { 'x-signalbox-tags': 'team=red' } : {}),
      };
      const body = asking(draw() < 0.5 ? `question ${n % 40}` : ids(), {
        model: pick('small', 'big', 'auto', 'auto:cost', 'nobody'),
        stream: draw() < 0.5,
        max_tokens: pick(7, 7, 7, 100_000_000),
      });
      if (draw() < 0.15) setImmediate(() => leave.abort());
      await fetch(`${box.url}${pick('/v1/chat/completions', '/v1/messages')}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: leave.signal,
      })
        .then((response) => response.text())
        .catch(() => {});
      runtime.memory.endCoolDowns();
    };
    let next = 0;
    const worker = async () => {
      while (next < REQUESTS) await one(next++);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));

    const held = async (kind: string, limit: Parameters<typeof runtime.state.take>[2]) =>
      Promise.all(KEYS.map(async ({ name }) => (await runtime.state.take(`limit:${kind}:${name}`, 0, limit)).used));
    const isQuiet = async () => {
      const parallel = await held('parallel', { max: MAX, ttl: 1 });
      return runtime.recent.inFlight + runtime.kept.underWay.size + parallel.reduce((sum, places) => sum + places, 0);
    };
    await expect.poll(isQuiet, { timeout: 60_000 }).toBe(0);

    await ledger.flush();
    const window = { since: 0, until: clock.now() + 1 };
    const byKey = await ledger.store.usage({ ...window, by: 'key' });
    const tokens = KEYS.map(({ name }) => {
      const row = byKey.find(({ group }) => group === name);
      return (row?.inputTokens ?? 0) + (row?.outputTokens ?? 0);
    });
    expect(Math.min(...tokens)).toBeGreaterThan(0);
    const levels = await runtime.budgets.levels(box.engine.snapshot().accounts.configured);
    expect(levels).toHaveLength(6);
    for (const { account, used } of levels) {
      const { by, group } = account;
      const rows = await ledger.store.usage(by === undefined ? window : { ...window, by });
      const row = rows.find((each) => by === undefined || each.group === group);
      expect([account.name, used]).toEqual([account.name, Math.round((row?.costUsd ?? 0) * 1e9)]);
    }
    // Of requests that failed, the row tells no tokens; those were given back, or booked as an estimate.
    const tpm = await held('tpm', { max: MAX, per: 60_000, grant: 'any' });
    for (const [i, used] of tpm.entries()) {
      expect(used).toBeGreaterThanOrEqual(tokens[i] ?? 0);
      expect(used).toBeLessThan(2 * (tokens[i] ?? 0));
    }
  });
});
