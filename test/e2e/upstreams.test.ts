import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { EngineOptions } from '../../src/signalbox.ts';
import { manualClock } from '../../src/state/conformance.ts';
import {
  answers,
  hangs,
  json,
  resets,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  one = await startMockProvider();
  two = await startMockProvider();
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

async function start(change: Partial<ConfigInput> = {}, options: EngineOptions = {}): Promise<void> {
  gateway = await startGateway({ ...twoModels(one.baseUrl, two.baseUrl), ...change }, options);
}

interface Shown {
  readonly error?: { readonly code: string; readonly message: string };
  readonly routing?: {
    readonly decision: {
      readonly ranking: readonly { readonly model: string; readonly firstTokenMs?: number }[];
      readonly dropped: readonly { readonly model: string; readonly why: string; readonly detail: string }[];
    };
    readonly costUsd: number | null;
    readonly attempts: readonly { readonly model: string; readonly failure?: string; readonly costUsd: number }[];
  };
}

const explain = { 'x-signalbox-explain': 'true' };
const shown = async (response: Response) => (await response.json()) as Shown;
const model = (response: Response) => response.headers.get('x-signalbox-model');

describe('the time to the first byte', () => {
  it('counts from ingress for the request, and from the call for an attempt', async () => {
    const clock = manualClock();
    await start({ retries: { max: 0 } }, { clock });
    const after = (ms: number, then: Behaviour): Behaviour => {
      return (request, response) => {
        clock.advance(ms);
        return then(request, response);
      };
    };
    one.behave(after(700, json('{}', 500)));
    two.behave(after(40, answers));
    const id = (await gateway.chat(asking('Hi'))).headers.get('x-signalbox-request-id') ?? '';
    const outcome = gateway.engine.runtime.recent.request(id)?.outcome;
    expect(outcome).toMatchObject({ model: 'big', firstByteMs: 740, attempts: [{}, { firstByteMs: 40 }] });
  });
});

describe('a limited upstream', () => {
  it('stays out until its Retry-After is over', async () => {
    const clock = manualClock();
    await start({}, { clock });
    one.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '30' }));
    expect(model(await gateway.chat(asking('Hi')))).toBe('big');
    one.behave(answers);
    clock.advance(29_000);
    const during = await gateway.chat(asking('Hi'), explain);
    expect(model(during)).toBe('big');
    expect(during.headers.get('x-signalbox-attempts')).toBe('1');
    expect((await shown(during)).routing?.decision.dropped).toEqual([
      { model: 'small', why: 'health', detail: 'is left alone for now: its rate limit is reached' },
    ]);
    clock.advance(1_001);
    expect(model(await gateway.chat(asking('Hi')))).toBe('small');
  });

  it('is asked again at once when it names no time', async () => {
    await start();
    one.behave(json('{"error":{"message":"slow down"}}', 429));
    expect(model(await gateway.chat(asking('Hi')))).toBe('big');
    one.behave(answers);
    expect(model(await gateway.chat(asking('Hi')))).toBe('small');
  });

  it('is still called when its caller names it', async () => {
    await start();
    one.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '30' }));
    await gateway.chat(asking('Hi'));
    one.behave(answers);
    expect(model(await gateway.chat(asking('Hi', { model: 'small' })))).toBe('small');
  });

  it('with nobody beside it is a 503 that says when to come back', async () => {
    await start({ routing: {}, models: [{ id: 'only', provider: 'one', model: 'm', price: { input: 1, output: 1 } }] });
    one.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '30' }));
    expect((await gateway.chat(asking('Hi'))).status).toBe(429);
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(25);
    expect(one.requests).toHaveLength(1);
  });
});

describe('an upstream whose key is refused', () => {
  it.each([
    ['auth', 401, 'the provider refused its key'],
    ['quota', 402, 'its account has no credit'],
  ])('(%s, %i) is spared for a while, and tried again under a new configuration', async (_name, status, why) => {
    await start();
    one.behave(json('{"error":{"message":"no"}}', status));
    await gateway.chat(asking('Hi'));
    const next = await gateway.chat(asking('Hi'), explain);
    expect((await shown(next)).routing?.decision.dropped[0]?.detail).toContain(why);
    expect(one.requests).toHaveLength(1);
    one.behave(answers);
    const { config, versions } = gateway.engine.snapshot();
    await gateway.engine.replace({ config, version: versions.config, warnings: [] });
    expect(model(await gateway.chat(asking('Hi')))).toBe('small');
  });
});

it('a refused key never takes the last model away: every caller is told what is wrong', async () => {
  await start({ routing: {}, models: [{ id: 'only', provider: 'one', model: 'm', price: { input: 1, output: 1 } }] });
  one.behave(json('{"error":{"message":"no"}}', 403));
  for (let i = 0; i < 2; i++) {
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(502);
    expect((await shown(response)).error?.code).toBe('provider_auth');
  }
  expect(one.requests).toHaveLength(2);
  one.behave(answers);
  expect((await gateway.chat(asking('Hi'))).status).toBe(200);
});

describe('time to the first token', () => {
  it('is learnt from streams and weighs in later decisions', async () => {
    const clock = manualClock();
    const routing = { default: 'big', strategy: { weights: { quality: 0, cost: 0, latency: 1 } } };
    await start({ routing }, { clock });
    const slow = (ms: number) => (request: Parameters<typeof answers>[0], response: Parameters<typeof answers>[1]) => {
      clock.advance(ms);
      return answers(request, response);
    };
    one.behave(slow(900));
    two.behave(slow(100));
    for (const name of ['small', 'big']) {
      await (await gateway.chat(asking('Hi', { model: name, stream: true }))).text();
    }
    const response = await gateway.chat(asking('Hi'), explain);
    expect(model(response)).toBe('big');
    const seen = (await shown(response)).routing?.decision.ranking.map((row) => [row.model, row.firstTokenMs]);
    expect(seen).toEqual([
      ['big', 100],
      ['small', 900],
    ]);
  });

  it('is not learnt from whole answers, which send their first byte last', async () => {
    await start();
    await gateway.chat(asking('Hi', { model: 'small' }));
    const { routing } = await shown(await gateway.chat(asking('Hi'), explain));
    expect(routing?.decision.ranking.every((row) => row.firstTokenMs === undefined)).toBe(true);
  });
});

describe('a failed answer', () => {
  it('holds routing in our own envelope when it is asked to explain', async () => {
    await start();
    one.behave(resets);
    two.behave(resets);
    const plain = await shown(await gateway.chat(asking('Hi')));
    expect(plain.routing).toBeUndefined();
    const response = await gateway.chat(asking('Hi'), explain);
    expect(response.status).toBe(502);
    const body = await shown(response);
    expect(body.error?.code).toBe('provider_unreachable');
    expect(body.routing?.attempts.map((attempt) => [attempt.model, attempt.failure])).toEqual([
      ['small', 'sick'],
      ['big', 'sick'],
    ]);
    expect(body.routing?.costUsd).toBe(Number(response.headers.get('x-signalbox-cost-usd')));
  });

  it('does so with expose: body', async () => {
    await start({ routing: { default: 'big', expose: 'body' }, retries: { max: 0 } });
    one.behave(resets);
    two.behave(resets);
    expect((await shown(await gateway.chat(asking('Hi')))).routing?.attempts).toHaveLength(2);
  });

  it('leaves the upstream’s own words alone', async () => {
    await start();
    const words = '{"error":{"message":"temperature must be below 2"}}';
    one.behave(json(words, 400));
    expect(await (await gateway.chat(asking('Hi'), explain)).text()).toBe(words);
  });

  it('of a stream has it in the error event', async () => {
    await start({ retries: { max: 0 } });
    const cuts: Behaviour = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n');
      setImmediate(() => response.socket?.destroy());
    };
    one.behave(cuts);
    two.behave(cuts);
    const text = await (await gateway.chat(asking('Hi', { stream: true }), explain)).text();
    const last = JSON.parse(text.trim().split('\n\n').at(-1)?.slice(6) ?? '{}') as Shown;
    expect(last.error?.code).toBe('provider_error');
    expect(last.routing?.attempts).toHaveLength(2);
  });
});

describe('a provider’s own timeouts.total', () => {
  it('ends its call and leaves time for the next', async () => {
    const base = twoModels(one.baseUrl, two.baseUrl);
    const own = { kind: 'openai', baseUrl: one.baseUrl, apiKey: 'k', timeouts: { total: '100ms' } };
    await start({ providers: { ...base.providers, one: own } });
    one.behave(hangs);
    const response = await gateway.chat(asking('Hi'), explain);
    expect(model(response)).toBe('big');
    expect((await shown(response)).routing?.attempts[0]?.failure).toBe('silent');
  });
});

describe('an answer without an end', () => {
  const endless: Behaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const spaces = Buffer.alloc(1024 * 1024, ' ');
    const write = () => {
      while (!response.destroyed && response.write(spaces));
    };
    response.on('drain', write);
    write();
  };

  it.each([false, true])('is given up and another model answers (streamed: %s)', async (stream) => {
    await start({ routing: { default: 'big', strategy: 'cheapest' } });
    one.behave(endless);
    const response = await gateway.chat(asking('Hi', { stream }));
    expect([response.status, model(response)]).toEqual([200, 'big']);
    expect(await response.text()).toContain('Hello');
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    expect(gateway.engine.runtime.recent.request(id)?.outcome?.attempts[0]).toMatchObject({
      failure: 'sick',
      error: 'the answer is longer than 67108864 bytes',
    });
  });
});

describe('a request that a provider’s dialect cannot say', () => {
  const audio = { type: 'input_audio', input_audio: { data: 'UklGRg==', format: 'wav' } };
  const ask = {
    model: 'claude',
    messages: [{ role: 'user', content: [audio, { type: 'text', text: 'Who speaks?' }] }],
  };
  const models = [
    { id: 'claude', provider: 'of-claude', model: 'up-claude' },
    { id: 'gpt', provider: 'of-gpt', model: 'up-gpt' },
  ];
  const among = (fallbacks: readonly string[]): Partial<ConfigInput> => ({
    providers: {
      'of-claude': { kind: 'anthropic', baseUrl: one.baseUrl, apiKey: 'provider-key-1' },
      'of-gpt': { kind: 'openai', baseUrl: two.baseUrl, apiKey: 'provider-key-2' },
    },
    models,
    routing: { default: 'claude', fallbacks: [...fallbacks] },
  });

  it('is answered by the next one, and nothing was sent to the first', async () => {
    await start(among(['gpt']));
    const response = await gateway.chat(ask);
    expect([response.status, model(response), one.requests.length]).toEqual([200, 'gpt', 0]);
    expect(two.requests[0]?.body).toContain('"input_audio"');
  });

  it('is the caller’s to change where nobody else is', async () => {
    await start(among([]));
    const response = await gateway.chat(ask);
    expect(response.status).toBe(400);
    expect((await shown(response)).error?.message).toContain('audio/wav');
  });
});
