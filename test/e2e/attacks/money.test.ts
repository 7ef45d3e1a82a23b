import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { completion, hangs, json, type Behaviour } from '../../mock-provider/mock-provider.ts';
import { asking } from '../../support/gateway.ts';
import { startOneUpstream, type OneUpstream } from '../../support/one-upstream.ts';

const KEY = 'sb-0123456789-key-of-ann';
const ANN = { authorization: `Bearer ${KEY}` };

let one: OneUpstream;

const start = async (key: object, rest: object = {}) => {
  one = await startOneUpstream({
    auth: {
      keys: [
        { name: 'ann', key: KEY, ...key },
        { name: 'bob', key: `${KEY}-bob` },
      ],
    },
    ...rest,
  });
};

afterEach(() => one.close());

describe('a reserve', () => {
  beforeEach(() => start({ budget: { usd: 1000, per: 'day', zone: 'UTC', atLimit: 'refuse' } }));

  const reserveOf = async (body: object) => {
    one.upstream.behave(json(completion()));
    const response = await one.gateway.chat({ ...asking('Hi', { model: 'gpt' }), ...body }, ANN);
    await response.text();
    expect(response.status).toBe(200);
    return Number((await one.gateway.entryOf(response))?.intent.reserve);
  };

  it('is not made smaller by numbers that are none', async () => {
    const usual = await reserveOf({});
    const odd = [-1, -1e9, 1.5e-9 - 1, '1', 'NaN', null, [], {}, true];
    for (const value of odd) {
      for (const field of ['max_tokens', 'max_completion_tokens', 'n']) {
        expect(await reserveOf({ [field]: value }), `${field} ${JSON.stringify(value)}`).toBeGreaterThanOrEqual(usual);
      }
    }
    one.upstream.behave(json(completion()));
    const text = '{"model":"gpt","max_tokens":1e999,"n":-1e999,"messages":[{"role":"user","content":"Hi"}]}';
    const response = await one.gateway.chat(text, ANN);
    expect(Number((await one.gateway.entryOf(response))?.intent.reserve)).toBeGreaterThanOrEqual(usual);
  });

  it('holds every answer that is asked for, and the greater of two limits', async () => {
    const alone = await reserveOf({ max_tokens: 1000 });
    const input = await reserveOf({ max_tokens: 0 });
    expect(await reserveOf({ max_tokens: 1000, n: 128 })).toBe(input + 128 * (alone - input));
    expect(await reserveOf({ max_tokens: 1000, n: 1, best_of: 20 })).toBe(input + 20 * (alone - input));
    for (const n of [0, -5]) expect(await reserveOf({ max_tokens: 1000, n })).toBe(alone);
    expect(await reserveOf({ max_tokens: 1000, max_completion_tokens: 1 })).toBe(alone);
    expect(await reserveOf({ max_tokens: 1, max_completion_tokens: 1000 })).toBe(alone);
  });

  it('of the impossible does not hold up others for longer than it is under way', async () => {
    const huge = await reserveOf({ max_tokens: 1e15, n: 1e15 });
    expect(Number.isFinite(huge)).toBe(true);
    expect(huge).toBeGreaterThan(0);
    const { data } = (await (await one.gateway.get('/router/v1/budgets')).json()) as { data: { usedUsd: number }[] };
    for (const { usedUsd } of data) expect(usedUsd).toBeLessThan(1);
  });
});

describe('a reserve at a model that says how much it writes', () => {
  it('is no more than that, whatever is asked for: one caller does not take a budget that many share', async () => {
    const budget = { usd: 1, per: 'day', zone: 'UTC', atLimit: 'refuse' };
    one = await startOneUpstream({
      models: [{ id: 'gpt', provider: 'openai', model: 'up', price: { input: 1, output: 10 }, maxOutput: 1000 }],
      budgets: [budget],
    } as Parameters<typeof startOneUpstream>[0]);
    one.upstream.behave(hangs);
    const greedy = new AbortController();
    const asked = fetch(`${one.gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(asking('Hi', { model: 'gpt', max_tokens: 1e12 })),
      signal: greedy.signal,
    });
    await expect.poll(() => one.seen().length).toBe(1);
    one.upstream.behave(json(completion()));
    expect((await one.gateway.chat(asking('Hi', { model: 'gpt', max_tokens: 5 }))).status).toBe(200);
    greedy.abort();
    await expect(asked).rejects.toThrow(/abort/i);
  });
});

describe('a limit of tokens', () => {
  it('counts what is sent where nothing is read, too', async () => {
    await start({ limits: { tpm: 1000 } });
    one.upstream.behave(json('{"id":"cmpl-1","choices":[]}'));
    const headers = { ...ANN, 'x-signalbox-provider': 'openai' };
    const long = { model: 'gpt', prompt: 'word '.repeat(2000) };
    const statuses: number[] = [];
    for (let n = 0; n < 3; n++) statuses.push((await one.gateway.post('/v1/completions', long, headers)).status);
    expect(statuses).toEqual([200, 429, 429]);
    expect((await one.gateway.chat(asking('Hi', { model: 'gpt' }), ANN)).status).toBe(429);
  });
});

describe('a provider that lies about usage', () => {
  beforeEach(() =>
    start({
      limits: { tpm: 1_000_000, rpm: 10_000 },
      budget: { usd: 1e6, per: 'day', zone: 'UTC', atLimit: 'refuse' },
    }),
  );

  const LIES: readonly unknown[] = [-1, -1e300, 1e300, 5e-324, 1e15, '7', '-7', 'NaN', null, [], {}, true, 1.5, 0];

  const usages = LIES.flatMap((lie) => [
    { prompt_tokens: lie, completion_tokens: lie, total_tokens: lie },
    { prompt_tokens: 10, completion_tokens: 5, prompt_tokens_details: { cached_tokens: lie, cache_write_tokens: lie } },
    {
      prompt_tokens: 10,
      completion_tokens: 5,
      completion_tokens_details: { reasoning_tokens: lie, audio_tokens: lie },
    },
    { input_tokens: lie, output_tokens: lie, cache_read_input_tokens: lie, cache_creation_input_tokens: lie },
    {
      input_tokens: 10,
      output_tokens: 5,
      server_tool_use: { web_search_requests: lie },
      cache_creation: { ephemeral_1h_input_tokens: lie },
    },
  ]);

  /** One body that all three wires find their usage in. */
  const says =
    (usage: object): Behaviour =>
    (request, response) => {
      const counts =
        'prompt_tokens' in usage
          ? { prompt_eval_count: usage.prompt_tokens, eval_count: Reflect.get(usage, 'completion_tokens') }
          : {};
      const body = request.path.endsWith('/messages')
        ? {
            id: 'm',
            type: 'message',
            role: 'assistant',
            model: 'up',
            content: [{ type: 'text', text: 'Hi' }],
            stop_reason: 'end_turn',
            usage,
          }
        : request.path.endsWith('/api/chat')
          ? {
              model: 'up',
              created_at: '2026-01-01T00:00:00Z',
              message: { role: 'assistant', content: 'Hi' },
              done: true,
              done_reason: 'stop',
              ...counts,
            }
          : JSON.parse(completion('Hi', usage));
      return json(JSON.stringify(body))(request, response);
    };

  it('gives no money back, stops nobody for good, and is on the ledger with numbers that are some', async () => {
    for (const usage of usages) {
      for (const model of ['gpt', 'claude', 'llama']) {
        one.upstream.behave(says(usage));
        const response = await one.gateway.chat(asking('Hi', { model, max_tokens: 5 }), {
          ...ANN,
          authorization: `Bearer ${KEY}-bob`,
        });
        await response.text();
        const { cost, usage: booked } = await one.outcomeOf(response);
        expect(cost === null || cost >= 0n, JSON.stringify(usage)).toBe(true);
        expect(cost === null || cost < 2n ** 63n, JSON.stringify(usage)).toBe(true);
        for (const count of Object.values(booked ?? {})) {
          if (typeof count === 'number') expect(count >= 0 && Number.isFinite(count), JSON.stringify(usage)).toBe(true);
        }
      }
    }
    const report = await (await one.gateway.get('/router/v1/usage')).json();
    const { total } = report as { total: Record<string, number> };
    for (const name of ['costUsd', 'inputTokens', 'outputTokens']) {
      expect(total[name]).toBeGreaterThanOrEqual(0);
      expect(Number.isFinite(total[name])).toBe(true);
    }
  });

  it('locks a key for as long as its limit says of ten million tokens, no longer', async () => {
    one.upstream.behave(says({ prompt_tokens: 1e300, completion_tokens: 1e300 }));
    await (await one.gateway.chat(asking('Hi', { model: 'llama', max_tokens: 5 }), ANN)).text();
    const refused = await one.gateway.chat(asking('Hi', { model: 'llama', max_tokens: 5 }), ANN);
    expect(refused.status).toBe(429);
    // Ten minutes at a million a minute.
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(600);
  });
});
