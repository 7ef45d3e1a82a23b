import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkedConfig } from '../../src/checked.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { openEngine, type EngineOptions } from '../../src/signalbox.ts';
import { serveGateway } from '../../src/gateway/serve.ts';
import { manualClock } from '../../src/state/conformance.ts';
import { answers, hangs, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway | undefined;

beforeEach(async () => {
  upstream = await startMockProvider();
});

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
  await upstream.close();
});

const start = async (rest: Partial<ConfigInput>, options: EngineOptions = {}) => {
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), ...rest }, options);
  return gateway;
};

/** 11 tokens at 1 and 7 at 2 USD per million: what every answer of `small` costs, nano-dollars. */
const SMALL = 25_000;
/** The same on `big`. */
const BIG = 250_000;
const usd = (nano: number) => nano / 1e9;
const day = (nano: number, rest: object = {}) => ({ usd: usd(nano), per: 'day' as const, ...rest });
/** Estimated at the 11 tokens that the upstream counts. */
const HI = 'What is the capital of Iceland?';
const hi = (rest: object = {}) => asking(HI, { model: 'small', max_tokens: 7, ...rest });

const errorOf = async (response: Response) => {
  const body: unknown = await response.json();
  return (body as { error: { code: string; message: string } }).error;
};
const spentOn = async ({ engine }: TestGateway, filter: object = {}) => {
  await engine.ledger.flush();
  const [row] = await engine.ledger.store.usage({ since: 0, until: Date.now() + 1, ...filter });
  return Math.round((row?.costUsd ?? 0) * 1e9);
};

describe('a budget that refuses', () => {
  it('lets requests through while anything is left and then says when it starts anew', async () => {
    const box = await start({ budgets: [day(4 * SMALL, { atLimit: 'refuse' })] });
    for (let n = 0; n < 4; n++) expect((await box.chat(hi())).status).toBe(200);
    const refused = await box.chat(hi());
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({
      code: 'budget_exceeded',
      message: expect.stringMatching(
        /^the budget of all requests, 0\.0001 USD per day, is spent; it starts anew at .*T00:00:00\.000Z$/,
      ),
    });
    const wait = Number(refused.headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(86_400);
    expect(refused.headers.get('x-should-retry')).toBe('false');
    expect(await spentOn(box)).toBe(4 * SMALL);
    expect(upstream.requests).toHaveLength(4);
  });

  it('is told in the dialect of the caller', async () => {
    const box = await start({ budgets: [day(1, { atLimit: 'refuse' })] });
    expect((await box.chat(hi())).status).toBe(200);
    const body = { model: 'small', max_tokens: 7, messages: [{ role: 'user', content: 'Hi' }] };
    const refused = await box.post('/v1/messages', body);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ type: 'error', error: { type: 'rate_limit_error' } });
  });

  it.each([false, true])(
    'is never overrun by more than one reserve, however many come at once (streamed: %s)',
    async (stream) => {
      const box = await start({ budgets: [day(20 * SMALL, { atLimit: 'refuse' })] });
      const statuses = await Promise.all(
        Array.from({ length: 200 }, async () => {
          const response = await box.chat(hi({ stream }));
          await response.text();
          return response.status;
        }),
      );
      const answered = statuses.filter((status) => status === 200).length;
      expect(statuses.filter((status) => status === 429)).toHaveLength(200 - answered);
      expect(answered).toBeGreaterThanOrEqual(20);
      expect(await spentOn(box)).toBe(answered * SMALL);
      // The reserve of one request: what it would cost with every token that it may use.
      expect(answered * SMALL).toBeLessThanOrEqual(20 * SMALL + SMALL);
    },
  );

  it('is not overrun by calls of dearer models in place of one that fails', async () => {
    const box = await start({ budgets: [day(4 * SMALL, { atLimit: 'refuse' })], retries: { max: 0 } });
    // All are under way before the first of them fails.
    let failNow: () => void = () => {};
    const together = new Promise<void>((resolve) => (failNow = resolve));
    let small = 0;
    upstream.behave(async (request, response) => {
      if (!request.body.includes('up-small')) return answers(request, response);
      if (++small === 4) failNow();
      await together;
      response.writeHead(500).end('{}');
    });
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => {
        const response = await box.chat(asking(HI, { model: 'auto:cost', max_tokens: 7 }));
        await response.text();
        return response.status;
      }),
    );
    expect(small).toBe(4);
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(1);
    expect(await spentOn(box)).toBeLessThanOrEqual(BIG);
    expect(statuses.filter((status) => status === 429)).toHaveLength(36);
  });

  it('pays for a dearer model in place of one that fails while anything is left, and gets the rest back', async () => {
    const box = await start({ budgets: [day(2 * BIG, { atLimit: 'refuse' })], retries: { max: 0 } });
    upstream.behave((request, response) => {
      if (!request.body.includes('up-small')) return answers(request, response);
      response.writeHead(500).end('{}');
    });
    const response = await box.chat(asking(HI, { model: 'auto:cost', max_tokens: 70 }));
    expect(response.headers.get('x-signalbox-model')).toBe('big');
    expect(await response.json()).toMatchObject({ usage: { completion_tokens: 7 } });
    const { budgets } = box.engine.runtime;
    expect(await budgets.levels(box.engine.snapshot().accounts.configured)).toMatchObject([{ used: BIG }]);
    expect(await spentOn(box)).toBe(BIG);
  });

  it('gets back what a failed or abandoned request did not use', async () => {
    const box = await start({ budgets: [day(2 * SMALL, { atLimit: 'refuse' })], retries: { max: 0 } });
    upstream.behave((_request, response) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end('{"error":{"message":"no"}}');
    });
    for (let n = 0; n < 10; n++) expect((await box.chat(hi())).status).toBe(400);
    upstream.behave(hangs);
    const left = new AbortController();
    const call = fetch(`${box.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(hi()),
      headers: { 'content-type': 'application/json' },
      signal: left.signal,
    }).catch(() => undefined);
    await expect.poll(() => upstream.requests.length).toBe(11);
    left.abort();
    await call;
    await expect.poll(() => box.engine.runtime.recent.inFlight).toBe(0);
    upstream.behave(answers);
    // The abandoned call may have been billed for its input: that is booked.
    expect((await box.chat(hi())).status).toBe(200);
    expect((await box.chat(hi())).status).toBe(200);
    expect((await box.chat(hi())).status).toBe(429);
  });

  it('is the same after a restart', async () => {
    const folder = await temporaryFolder();
    const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
    const config = { ...twoModels(upstream.baseUrl), storage, server: { port: 0 } };
    const open = async () => {
      const loaded = await checkedConfig({ ...config, budgets: [day(4 * SMALL, { atLimit: 'refuse' })] }, {});
      const engine = await openEngine(loaded);
      const served = await serveGateway({ engine });
      const ask = () =>
        fetch(`${served.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(hi()),
        });
      return {
        ask,
        async close() {
          await served.close();
          await engine.close();
        },
      };
    };
    const first = await open();
    for (let n = 0; n < 3; n++) expect((await first.ask()).status).toBe(200);
    await first.close();
    const second = await open();
    expect((await second.ask()).status).toBe(200);
    expect((await second.ask()).status).toBe(429);
    await second.close();
    await folder.remove();
  });

  it('does not pay for what nobody can price', async () => {
    const box = await start({
      budgets: [day(1000 * SMALL, { atLimit: 'refuse' })],
      models: [
        { id: 'small', provider: 'one', model: 'up-small', price: { input: 1, output: 2 }, quality: 0.5 },
        { id: 'odd', provider: 'two', model: 'nobody-knows-it', quality: 0.9 },
      ],
      routing: { default: 'small', strategy: 'quality-first' },
    });
    expect((await box.chat(asking('Hi'))).headers.get('x-signalbox-model')).toBe('small');
    const named = await box.chat(hi({ model: 'odd' }));
    expect(named.status).toBe(403);
    expect((await errorOf(named)).code).toBe('price_unknown');
    const passed = await box.post('/v1/completions', { model: 'small', prompt: 'Hi' });
    expect(passed.status).toBe(403);
    expect((await errorOf(passed)).message).toContain('allowUnpriced');
  });
});

describe('what is passed on unread', () => {
  it('is not paid for by the budget of a role that its path or header names', async () => {
    const box = await start({ roles: { eng: { budget: day(SMALL) }, free: {} } });
    const ask = (path: string, headers: Record<string, string> = {}) =>
      box.post(path, { model: 'small', prompt: 'Hi' }, headers);
    expect((await ask('/role/ENG/v1/completions')).status).toBe(403);
    expect((await ask('/v1/completions', { 'x-signalbox-role': 'eng' })).status).toBe(403);
    expect((await ask('/role/free/v1/completions')).status).toBe(200);
    expect((await ask('/role/nobody/v1/completions')).status).toBe(404);
  });
});

describe('budgets of roles, keys and tags', () => {
  const KEY = 'sb-a-key-for-tests-of-budgets-0001';
  const bearer = { authorization: `Bearer ${KEY}` };

  it('count their own requests only', async () => {
    const refuse = { atLimit: 'refuse' };
    const box = await start({
      roles: { engineer: { budget: day(SMALL, refuse) } },
      auth: { keys: [{ name: 'ci', key: KEY, budget: day(SMALL, refuse) }] },
      budgets: [
        { ...day(SMALL, refuse), tag: 'team=red' },
        { ...day(4000 * SMALL, refuse), tag: 'team=red', per: 'month' },
      ],
    });
    const role = { 'x-signalbox-role': 'engineer' };
    const tag = { 'x-signalbox-tags': 'team=red,x=1' };
    for (const headers of [role, bearer, tag]) {
      expect((await box.chat(hi(), headers)).status).toBe(200);
      const refused = await box.chat(hi(), headers);
      expect(refused.status).toBe(429);
    }
    const messages = await Promise.all(
      [role, bearer, tag].map(async (headers) => (await errorOf(await box.chat(hi(), headers))).message),
    );
    expect(messages.map((message) => /of (.*?),/.exec(message)?.[1])).toEqual([
      'role engineer',
      'key ci',
      'tag team=red',
    ]);
    const told = await box.get('/router/v1/budgets');
    const { data } = (await told.json()) as {
      data: { budget: string; per: string; usedUsd: number; remainingUsd: number }[];
    };
    expect(data.map(({ budget, per, usedUsd, remainingUsd }) => [budget, per, usedUsd, remainingUsd])).toEqual([
      ['role engineer', 'day', usd(SMALL), 0],
      ['tag team=red', 'day', usd(SMALL), 0],
      ['tag team=red', 'month', usd(SMALL), 0.099975],
      ['key ci', 'day', usd(SMALL), 0],
    ]);
    expect((await box.get('/router/v1/budgets', bearer)).status).toBe(403);
    expect((await box.chat(hi(), { 'x-signalbox-tags': 'team=blue' })).status).toBe(200);
    expect((await box.chat(hi())).status).toBe(200);
  });
});

describe('a budget that goes on with the cheapest', () => {
  const spend = async (rest: Partial<ConfigInput>, strategy: object | string = 'largest') => {
    const box = await start({
      roles: { r: { strategy: strategy as 'largest', budget: day(BIG, { atLimit: 'cheapest' }) } },
      ...rest,
    });
    const ask = (body: object = {}, headers: Record<string, string> = {}) =>
      box.chat(asking('Hi', { max_tokens: 7, ...body }), { 'x-signalbox-role': 'r', ...headers });
    const first = await ask();
    expect(first.headers.get('x-signalbox-model')).toBe('big');
    return ask;
  };

  it('chooses it, says why, and still names models that are no dearer', async () => {
    const ask = await spend({});
    const next = await ask();
    expect(next.headers.get('x-signalbox-model')).toBe('small');
    expect(next.headers.get('x-signalbox-reason')).toBe('budget');
    expect(next.headers.get('x-signalbox-strategy')).toBe('cheapest');
    const box = gateway ?? (await start({}));
    const entry = await box.entryOf(next);
    expect(entry?.intent.decision.reason).toContain('the budget of role r is spent: cheapest of 2 models');
    expect((await ask({ model: 'small' })).status).toBe(200);
    const dear = await ask({ model: 'big' });
    expect(dear.status).toBe(429);
    expect((await errorOf(dear)).message).toContain('until then model "auto" is answered by the cheapest');
  });

  it('does so where routing is off', async () => {
    const ask = await spend({ routing: { default: 'big', mode: 'off' } });
    expect((await ask()).headers.get('x-signalbox-model')).toBe('small');
  });

  it('never breaks a promise of quality that was written down', async () => {
    const ask = await spend({ routing: { default: 'big' } }, { keepQuality: 1 });
    const next = await ask();
    expect(next.headers.get('x-signalbox-model')).toBe('big');
    expect(next.headers.get('x-signalbox-reason')).not.toBe('budget');
  });
});

describe('a strategy that a caller asks for', () => {
  it.each(['keepQuality=1', 'keepQuality=0.999', 'quality-first', 'largest', 'static', 'budgetPer1k=1e9', 'random'])(
    'is no way past a budget that is spent: %s',
    async (strategy) => {
      const box = await start({
        routing: { default: 'big', fallbacks: ['big'] },
        budgets: [day(1, { atLimit: 'cheapest' })],
      });
      const ask = (model = 'auto') =>
        box.chat(asking('Hi', { model, max_tokens: 7 }), { 'x-signalbox-strategy': strategy });
      await (await ask()).text();
      for (let n = 0; n < 4; n++) {
        const next = await ask();
        expect(next.headers.get('x-signalbox-model')).toBe('small');
        await next.text();
      }
      expect((await ask('big')).status).toBe(429);
    },
  );
});

describe('a budget that is nearly spent', () => {
  it('makes choices lean towards what lasts until the period’s end', async () => {
    const noon = manualClock(Date.parse('2026-11-25T12:00:00Z'));
    gateway = await startGateway(
      {
        ...twoModels(upstream.baseUrl),
        routing: { default: 'big', strategy: 'quality-first' },
        // Quality so far apart that quality-first takes the dear one.
        models: [
          { id: 'small', provider: 'one', model: 'up-small', quality: 0.1, price: { input: 1, output: 2 } },
          { id: 'big', provider: 'two', model: 'up-big', quality: 0.99, price: { input: 10, output: 20 } },
        ],
        budgets: [day(5 * BIG, { atLimit: 'refuse' })],
      },
      { clock: noon },
    );
    const ask = async () => (await gateway?.chat(asking(HI, { max_tokens: 7 })))?.headers;
    for (let n = 0; n < 4; n++) expect((await ask())?.get('x-signalbox-model')).toBe('big');
    // 80 % in half a day, and half a day to go: a quarter of what was spent lasts.
    const headers = await ask();
    expect(headers?.get('x-signalbox-model')).toBe('small');
    expect(headers?.get('x-signalbox-reason')).toBe('budget');
    expect(headers?.get('x-signalbox-strategy')).toMatch(/^budgetPer1k=/);
    const route = await gateway.post('/router/v1/route', { messages: [{ role: 'user', content: HI }] });
    expect(JSON.stringify(await route.json())).toContain('the budget of all requests is 82 % spent');
    // What the caller names is served as long as anything is left.
    expect((await gateway.chat(asking(HI, { model: 'big', max_tokens: 7 }))).status).toBe(200);
    // The day is over.
    noon.advance(12 * 3_600_000);
    expect((await ask())?.get('x-signalbox-model')).toBe('big');
  });
});

describe('limits of a key', () => {
  const KEY = 'sb-a-key-for-tests-of-limits-00001';
  const bearer = { authorization: `Bearer ${KEY}` };
  /** No minute passes. */
  const limited = (limits: object) =>
    start({ auth: { keys: [{ name: 'ci', key: KEY, limits }] } }, { clock: manualClock(Date.now()) });

  it('are requests per minute', async () => {
    const box = await limited({ rpm: 3 });
    for (let n = 0; n < 3; n++) expect((await box.chat(hi(), bearer)).status).toBe(200);
    const refused = await box.chat(hi(), bearer);
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toMatchObject({
      code: 'rate_limited',
      message: expect.stringMatching(/^the key "ci" may have 3 requests per minute; try again in \d+ s$/),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(20);
    // Others are not touched.
    expect((await box.chat(hi())).status).toBe(200);
    const passed = await box.post('/v1/completions', { model: 'small', prompt: 'Hi' }, bearer);
    expect(passed.status).toBe(429);
  });

  it('are tokens per minute, of which what was not used comes back', async () => {
    const box = await limited({ tpm: 60 });
    // Each uses 18 of the 60: whatever was set aside for its answer is given back.
    const statuses: number[] = [];
    for (let n = 0; n < 5; n++) statuses.push((await box.chat(hi({ max_tokens: 5000 }), bearer)).status);
    expect(statuses).toEqual([200, 200, 200, 200, 429]);
  });

  it('are requests at once, until they have ended or their caller has left', async () => {
    const box = await limited({ parallel: 2 });
    upstream.behave(hangs);
    const leave = new AbortController();
    const open = [1, 2].map(() =>
      fetch(`${box.url}/v1/chat/completions`, {
        method: 'POST',
        body: JSON.stringify(hi({ stream: true })),
        headers: { 'content-type': 'application/json', ...bearer },
        signal: leave.signal,
      }).catch(() => undefined),
    );
    await expect.poll(() => upstream.requests.length).toBe(2);
    const third = await box.chat(hi(), bearer);
    expect(third.status).toBe(429);
    expect((await errorOf(third)).message).toContain('2 requests at once');
    leave.abort();
    await Promise.all(open);
    upstream.behave(answers);
    await expect.poll(async () => (await box.chat(hi(), bearer)).status).toBe(200);
  });

  it('hold exactly for 200 at once', async () => {
    const box = await limited({ rpm: 50 });
    const statuses = await Promise.all(Array.from({ length: 200 }, async () => (await box.chat(hi(), bearer)).status));
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  });
});

describe('metrics', () => {
  it('tell how full budgets are, what was turned away, and what was given again', async () => {
    const box = await start({ budgets: [day(2 * SMALL, { atLimit: 'refuse' })] });
    for (let n = 0; n < 3; n++) await (await box.chat(hi())).text();
    for (let n = 0; n < 2; n++) await (await box.chat(hi(), { 'x-signalbox-cache': 'on' })).text();
    const text = await (await box.get('/metrics')).text();
    expect(text).toContain('signalbox_budget_used_ratio{budget="all requests per day"} 1');
    expect(text).toContain('signalbox_refused_total{code="budget_exceeded"} 3');
  });
});
