import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { estimateTokens } from '../../src/query/tokens.ts';
import {
  chunkEvent,
  completion,
  hangs,
  json,
  resets,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

const TIMEOUTS = { firstToken: '400ms', total: '5s' };
/** One call each: what is booked of it is what is tested. */
const ONCE = { max: 0 };
/** Answers 200 and breaks off at once. */
const cut: Behaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  setImmediate(() => response.socket?.destroy());
};

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), timeouts: TIMEOUTS, retries: ONCE });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

/** What the ledger holds of an answer, after the answer has ended. */
async function booked(response: Response) {
  await response.text();
  const entry = await gateway.entryOf(response);
  if (entry?.outcome === undefined) throw new Error('the request is not settled');
  return entry.outcome;
}

const sums = async () => {
  await gateway.engine.ledger.flush();
  return (await gateway.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 }))[0];
};

/** One model whose price nobody knows. */
const unpriced = (): ConfigInput => ({
  providers: { one: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k' } },
  models: [{ id: 'small', provider: 'one', model: 'nobody-knows-it' }],
  retries: ONCE,
});

const small = (rest: object = {}) => asking('What is the capital of Iceland?', { model: 'small', ...rest });

describe('an attempt', () => {
  it.each([false, true])('has the upstream’s own status (streamed: %s)', async (stream) => {
    upstream.behave((_request, response) => {
      response.writeHead(201, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
      response.end(stream ? streamEvents(['Hi']).join('') : completion('Hi'));
    });
    const outcome = await booked(await gateway.chat(small({ stream })));
    expect(outcome).toMatchObject({ status: 'ok', httpStatus: 201, attempts: [{ status: 201 }] });
    expect(outcome.attempts[0]?.failure).toBeUndefined();
  });

  it('whose stream held an error after all was said is booked at what it told', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const said = streamEvents(['Hi']).slice(0, -1).join('');
      response.end(`${said}data: {"error":{"message":"overloaded","code":529}}\n\n`);
    });
    const outcome = await booked(await gateway.chat(small({ stream: true })));
    expect(outcome).toMatchObject({ status: 'failed', usage: { input: 11, output: 7 }, cost: 25_000n });
    expect(outcome.attempts).toMatchObject([{ failure: 'busy', usage: { input: 11, output: 7 } }]);
  });

  it('whose stream broke or held an error keeps the status that it came with', async () => {
    const begun = streamEvents(['Hi']).slice(0, 2).join('');
    for (const end of ['', 'data: {"error":{"message":"overloaded","code":529}}\n\ndata: [DONE]\n\n']) {
      upstream.behave((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.end(begun + end);
      });
      const outcome = await booked(await gateway.chat(small({ stream: true })));
      expect(outcome.attempts).toMatchObject([{ status: 200, failure: end === '' ? 'sick' : 'busy' }]);
    }
  });
});

describe('a call that failed and was certainly not billed costs nothing', () => {
  it.each([
    ['a refused request', 400],
    ['a refused key', 401],
    ['an empty account', 402],
    ['an unknown model', 404],
    ['a rate limit', 429],
    ['an overload', 529],
    ['an error that the provider tells', 500],
  ])('%s (%i)', async (_name, status) => {
    upstream.behave(json('{"error":{"message":"no"}}', status));
    const outcome = await booked(await gateway.chat(small()));
    expect(outcome).toMatchObject({ status: 'failed', cost: 0n, attempts: [{ cost: 0n }] });
    expect(outcome.attempts[0]?.usage).toBeUndefined();
    expect(await sums()).toMatchObject({ costUsd: 0, unpriced: 0, estimated: 0 });
  });

  it('a connection that was never made', async () => {
    await upstream.close();
    const outcome = await booked(await gateway.chat(small()));
    expect(outcome).toMatchObject({ status: 'failed', cost: 0n, errorCode: 'provider_unreachable' });
  });

  it('a refusal by a model without a price, too', async () => {
    await gateway.close();
    gateway = await startGateway(unpriced());
    upstream.behave(json('{"error":{"message":"no"}}', 400));
    expect(await booked(await gateway.chat(small()))).toMatchObject({ cost: 0n });
    expect(await sums()).toMatchObject({ unpriced: 0 });
  });
});

describe('a call that failed and may have been billed is booked at an estimate', () => {
  it.each<[string, Behaviour, object]>([
    ['no first token in time (silent)', hangs, { stream: true }],
    ['a connection that breaks (sick)', resets, {}],
    ['an answer that is cut before its first event (sick)', cut, { stream: true }],
    ['an answer that is no JSON (sick)', json('<html>busy</html>'), {}],
    ['a proxy that gave up waiting (silent)', json('{}', 504), {}],
  ])('%s', async (_name, behaviour, body) => {
    upstream.behave(behaviour);
    const outcome = await booked(await gateway.chat(small(body)));
    const [attempt] = outcome.attempts;
    expect(outcome.status).toBe('failed');
    expect(attempt?.usage).toMatchObject({ input: expect.any(Number), output: 0, estimated: true });
    expect(attempt?.usage?.input).toBeGreaterThan(0);
    // 1 USD per million tokens is 1000 nano-dollars a token.
    expect(outcome.cost).toBe(BigInt(attempt?.usage?.input ?? 0) * 1000n);
    expect(await sums()).toMatchObject({ costUsd: Number(outcome.cost) / 1e9, estimated: 1, baselineCostUsd: 0 });
  });

  it('a caller who leaves while the provider works', async () => {
    upstream.behave(hangs);
    const left = new AbortController();
    const work = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(small()),
      signal: left.signal,
    });
    await expect.poll(() => upstream.requests.length).toBe(1);
    left.abort();
    await expect(work).rejects.toThrow('abort');
    await expect.poll(async () => (await sums())?.cancelled).toBe(1);
    const total = await sums();
    expect(total?.costUsd).toBeGreaterThan(0);
    expect(total).toMatchObject({ estimated: 1, unpriced: 0 });
  });

  it('a stream that is cut: the input and the output that was seen', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(['Reykjavik is', ' the capital']).slice(0, 3)) response.write(event);
      setImmediate(() => response.socket?.destroy());
    });
    const outcome = await booked(await gateway.chat(small({ stream: true })));
    expect(outcome).toMatchObject({ status: 'failed', usage: { estimated: true } });
    const { input = 0, output = 0 } = outcome.usage ?? {};
    expect(output).toBeGreaterThan(2);
    expect(outcome.cost).toBe(BigInt(input) * 1000n + BigInt(output) * 2000n);
  });

  it('a stream that is cut after it told its usage at the beginning: the output that was seen', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(chunkEvent({ content: '' }, { usage: { prompt_tokens: 11, completion_tokens: 0 } }));
      response.write(chunkEvent({ content: 'Reykjavik is the capital' }));
      setImmediate(() => response.socket?.destroy());
    });
    const outcome = await booked(await gateway.chat(small({ stream: true })));
    expect(outcome.usage).toMatchObject({ input: 11, estimated: true });
    expect(outcome.usage?.output).toBeGreaterThan(2);
  });

  it.each([
    ['short', 1],
    ['longer than what is kept of it', 60],
  ])('a stream that tells no usage: all of its output (%s)', async (_name, times) => {
    const words = 'Reykjavik is the capital of Iceland, and its largest town. '.repeat(100);
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(
        Array.from({ length: times }, () => words),
        null,
      ))
        response.write(event);
      response.end();
    });
    const outcome = await booked(await gateway.chat(small({ stream: true })));
    expect(outcome).toMatchObject({ status: 'ok', usage: { estimated: true } });
    const share = (outcome.usage?.output ?? 0) / (estimateTokens(words) * times);
    expect(Math.abs(share - 1)).toBeLessThan(times === 1 ? 1e-9 : 0.01);
  });

  it('a stream whose reader left: gone, the input and the output that was seen', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(203, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(['Reykjavik is', ' the capital']).slice(0, 3)) response.write(event);
    });
    const left = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(small({ stream: true })),
      signal: left.signal,
    });
    let text = '';
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    while (!text.includes('the capital')) text += (await reader?.read())?.value ?? '';
    left.abort();
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    const outcome = () => gateway.engine.runtime.recent.request(id)?.outcome;
    await expect.poll(outcome).toMatchObject({ status: 'cancelled', errorCode: 'client_closed', httpStatus: 203 });
    const { attempts = [], cost } = outcome() ?? {};
    expect(attempts).toMatchObject([
      { failure: 'gone', error: 'the client left', status: 203, usage: { estimated: true }, cost },
    ]);
    const { input = 0, output = 0 } = attempts[0]?.usage ?? {};
    expect(output).toBeGreaterThan(2);
    expect(cost).toBe(BigInt(input) * 1000n + BigInt(output) * 2000n);
  });

  it('before an answer of another model: its cost is in the total, the answer’s own tokens stay exact', async () => {
    upstream.behave((request, response) =>
      request.body.includes('up-small')
        ? resets(request, response)
        : json(
            '{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":7}}',
          )(request, response),
    );
    const outcome = await booked(await gateway.chat(asking('Hi')));
    expect(outcome).toMatchObject({ status: 'ok', model: 'big', usage: { input: 11, output: 7 } });
    expect(outcome.usage?.estimated).toBeUndefined();
    const wasted = outcome.attempts[0]?.cost ?? 0n;
    expect(wasted).toBeGreaterThan(0n);
    expect(outcome.cost).toBe(wasted + 250_000n);
    // The answer came from the baseline model itself: what was wasted is a loss, not a saving.
    expect(outcome.baselineCost).toBe(250_000n);
    expect(await sums()).toMatchObject({ estimated: 1, savingsUsd: -Number(wasted) / 1e9 });
  });

  it('at a model without a price: unknown, never free', async () => {
    await gateway.close();
    gateway = await startGateway(unpriced());
    upstream.behave(resets);
    const outcome = await booked(await gateway.chat(small()));
    expect(outcome).toMatchObject({ status: 'failed', cost: null, attempts: [{ cost: null }] });
    expect(await sums()).toMatchObject({ unpriced: 1, costUsd: 0, savingsUsd: 0 });
  });
});

describe('the reserve', () => {
  it('covers a request whose parts are marked for the prompt cache', async () => {
    const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75 };
    await gateway.close();
    gateway = await startGateway({
      providers: { one: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey: 'k' } },
      models: [{ id: 'small', provider: 'one', price, maxOutput: 10 }],
    });
    const reserveOf = async (mark: object) => {
      const content = [{ type: 'text', text: 'What is the capital of Iceland?', ...mark }];
      const asked = { model: 'small', max_tokens: 10, messages: [{ role: 'user', content }] };
      return (await gateway.entryOf(await gateway.post('/v1/messages', asked)))?.intent;
    };
    const plain = await reserveOf({});
    const tokens = BigInt(plain?.decision.query.inputTokens ?? 0);
    expect(plain?.reserve).toBe(tokens * 3000n + 150_000n);
    // An hour in the cache costs twice the input.
    expect((await reserveOf({ cache_control: { type: 'ephemeral' } }))?.reserve).toBe(tokens * 6000n + 150_000n);
  });
});
