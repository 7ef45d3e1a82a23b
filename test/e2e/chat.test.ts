import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answers,
  completion,
  hangs,
  json,
  MOCK_USAGE,
  resets,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;

interface Chunk {
  readonly id: string;
  readonly choices: readonly { readonly delta?: { readonly content?: string } }[];
  readonly usage?: object | null;
}

let gateway: TestGateway;

beforeEach(async () => {
  one = await startMockProvider();
  two = await startMockProvider();
  gateway = await startGateway(twoModels(one.baseUrl, two.baseUrl));
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

const CONTRACT = [
  'request-id',
  'decision-id',
  'model',
  'provider',
  'strategy',
  'reason',
  'confidence',
  'attempts',
  'fallback',
  'session',
  'overhead-ms',
];

describe('an answer', () => {
  it('passes the upstream’s bytes on and tells everything in headers', async () => {
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe(completion());
    for (const name of CONTRACT) expect(response.headers.get(`x-signalbox-${name}`), name).toBeTruthy();
    expect(response.headers.get('x-signalbox-model')).toBe('small');
    expect(response.headers.get('x-signalbox-cost-usd')).toBe('0.000025');
    expect(response.headers.get('x-signalbox-fallback')).toBe('false');
    expect(response.headers.get('x-signalbox-attempts')).toBe('1');
  });

  it('sends the caller’s bytes unchanged but for the model', async () => {
    const body =
      '{ "model" : "auto",\n "messages":[{"role":"user","content":"Gr\\u00fc\\u00dfe \u{1F600}","name":"x"}], "vendor_field": 1.0e3, "model_hint":"auto" }';
    await gateway.chat(body);
    expect(one.requests[0]?.body).toBe(body.replace('"auto"', '"up-small"'));
  });

  it('sends the provider’s key and none of the caller’s secrets', async () => {
    await gateway.chat(asking('Hi'), { authorization: 'Bearer sk-caller', cookie: 'a=b' });
    expect(one.requests[0]?.headers.authorization).toBe('Bearer provider-key-1');
    expect(JSON.stringify(one.requests[0]?.headers)).not.toMatch(/sk-caller|a=b/);
  });

  it('is in the ledger at its exact cost, with the counterfactual', async () => {
    const entry = await gateway.entryOf(
      await gateway.chat(asking('Hi'), { 'x-signalbox-tags': 'team=red', 'x-signalbox-user': 'u1' }),
    );
    expect(entry?.outcome).toMatchObject({ status: 'ok', cost: 25_000n, baselineCost: 250_000n, model: 'small' });
    expect(entry?.intent.request).toMatchObject({ user: 'u1', tags: { team: 'red' }, requested: 'auto' });
  });

  it('holds routing when it is asked to explain, and nothing otherwise', async () => {
    const explained = (await (await gateway.chat(asking('Hi'), { 'x-signalbox-explain': 'true' })).json()) as {
      routing: { costUsd: number; decision: { chosen: string }; attempts: unknown[] };
    };
    expect(explained.routing).toMatchObject({ costUsd: 0.000025, decision: { chosen: 'small' } });
    expect(explained.routing.attempts).toHaveLength(1);
  });

  it('estimates tokens that the upstream does not report, and says so', async () => {
    one.behave(json(completion('one two three four', null)));
    const entry = await gateway.entryOf(await gateway.chat(asking('Hi')));
    expect(entry?.outcome?.usage).toMatchObject({ estimated: true });
    expect(entry?.outcome?.cost).toBeGreaterThan(0n);
  });
});

describe('a stream', () => {
  it('ends soon after its last event, though the upstream stays open', async () => {
    one.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of streamEvents(['Hello'], MOCK_USAGE)) response.write(event);
    });
    const response = await gateway.chat(asking('Hi', { stream: true }));
    expect(await response.text()).toMatch(/Hello[^]*\[DONE\]\n\n$/);
    await gateway.engine.ledger.flush();
    const [entry] = await gateway.engine.ledger.store.entries({ limit: 1 });
    expect(entry?.outcome?.status).toBe('ok');
  });

  it('arrives event by event, without the usage that only Signalbox asked for', async () => {
    const response = await gateway.chat(asking('Hi', { stream: true }));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await response.text()).toBe(streamEvents(['Hello', ' there', '.'], null).join(''));
    expect(JSON.parse(one.requests[0]?.body ?? '')).toMatchObject({ stream_options: { include_usage: true } });
    const entry = await gateway.entryOf(response);
    expect(entry?.outcome).toMatchObject({ status: 'ok', cost: 25_000n, usage: { input: 11, output: 7 } });
  });

  it('keeps the usage that the caller asked for', async () => {
    const response = await gateway.chat(asking('Hi', { stream: true, stream_options: { include_usage: true } }));
    expect(await response.text()).toContain('"prompt_tokens":11');
  });

  it('puts routing into its last chunk when asked to explain', async () => {
    const text = await (await gateway.chat(asking('Hi', { stream: true }), { 'x-signalbox-explain': 'true' })).text();
    const events = text.split('\n\n').filter((event) => event.startsWith('data: {'));
    expect(JSON.parse(events.at(-1)?.slice(6) ?? '{}')).toMatchObject({ routing: { costUsd: 0.000025 } });
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  const cuts: Behaviour = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of streamEvents(['Hello', ' there']).slice(0, 2)) response.write(event);
    setImmediate(() => response.socket?.destroy());
  };

  it('that the upstream cuts is gone on with by the next one, nothing twice', async () => {
    one.behave(cuts);
    const response = await gateway.chat(asking('Hi', { stream: true, stream_options: { include_usage: true } }));
    const text = await response.text();
    const chunks = text
      .split('\n\n')
      .flatMap((event): Chunk[] => (event.startsWith('data: {') ? [JSON.parse(event.slice(6))] : []));
    expect(chunks.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')).toBe('Hello there.');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.filter(({ usage }) => usage !== undefined && usage !== null)).toHaveLength(1);
    expect(text.endsWith('data: [DONE]\n\n')).toBe(true);
    const outcome = (await gateway.entryOf(response))?.outcome;
    expect(outcome).toMatchObject({ status: 'ok', attempts: [{ failure: 'sick' }, {}] });
    expect(outcome?.attempts[1]).not.toHaveProperty('failure');
  });

  it('that every upstream cuts ends with an error event, never as if it were whole', async () => {
    one.behave(cuts);
    two.behave(cuts);
    const response = await gateway.chat(asking('Hi', { stream: true }));
    const text = await response.text();
    expect(text).toContain('"error"');
    expect(text).not.toContain('[DONE]');
    expect((await gateway.entryOf(response))?.outcome).toMatchObject({ status: 'failed' });
  });

  it('whose reader leaves aborts the upstream call and is still settled', async () => {
    one.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents(['Hello'])[0]);
      response.write(streamEvents(['Hello'])[1]);
    });
    const left = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asking('Hi', { stream: true })),
      signal: left.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    left.abort();
    await one.requests[0]?.closed;
    await expect.poll(async () => (await gateway.entryOf(response))?.outcome?.status).toBe('cancelled');
  });
});

describe('before the first byte', () => {
  it('a failing upstream gives way to the next model after one retry, and the headers say so', async () => {
    one.behave(json('{"error":{"message":"boom"}}', 500));
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-model')).toBe('big');
    expect(response.headers.get('x-signalbox-fallback')).toBe('true');
    expect(response.headers.get('x-signalbox-attempts')).toBe('3');
    const entry = await gateway.entryOf(response);
    expect(entry?.outcome).toMatchObject({ status: 'ok', model: 'big', cost: 250_000n });
    expect(entry?.outcome?.attempts.map(({ failure, cost }) => [failure, cost])).toEqual([
      ['sick', 0n],
      ['sick', 0n],
      [undefined, 250_000n],
    ]);
  });

  it.each([
    ['reset', resets],
    ['garbage', json('<html>not json</html>')],
    ['half an answer', json(completion().slice(0, -30))],
    ['an error with status 200', json('{"error":{"message":"overloaded","code":503}}')],
    ['429', json('{"error":{"message":"slow down"}}', 429)],
  ])('%s gives way too, streamed as well', async (_name, behaviour) => {
    one.behave(behaviour);
    expect(await (await gateway.chat(asking('Hi', { stream: true }))).text()).toContain('[DONE]');
  });

  it('a request that the upstream refuses goes back word for word, and nobody else is asked', async () => {
    const body =
      '{"error":{"message":"temperature must be below 2","type":"invalid_request_error","param":"temperature","code":null}}';
    one.behave(json(body, 400));
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(400);
    expect(await response.text()).toBe(body);
    expect(two.requests).toHaveLength(0);
  });

  it('a refused key is 502 and shows nothing of it', async () => {
    one.behave(json('{"error":{"message":"Incorrect API key provided: provider-key-1"}}', 401));
    const response = await gateway.chat(asking('Hi', { model: 'small' }));
    expect(response.status).toBe(502);
    const text = await response.text();
    expect(text).toContain('provider_auth');
    expect(text).not.toContain('provider-key-1');
  });

  it('when everything fails the first choice’s error is told', async () => {
    one.behave(json('{"error":{"message":"first"}}', 503));
    two.behave(json('{"error":{"message":"second"}}', 500));
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBeGreaterThanOrEqual(500);
    expect(await response.text()).toContain('first');
    expect((await gateway.entryOf(response))?.outcome).toMatchObject({ status: 'failed', cost: 0n });
  });

  it('a silent upstream gives way after the first-token limit', async () => {
    await gateway.close();
    gateway = await startGateway({ ...twoModels(one.baseUrl, two.baseUrl), timeouts: { firstToken: '100ms' } });
    one.behave(hangs);
    const response = await gateway.chat(asking('Hi', { stream: true }));
    expect(response.headers.get('x-signalbox-model')).toBe('big');
    await response.text();
  });
});

describe('names', () => {
  it.each([
    ['small', 'small'],
    ['SMALL', 'small'],
    ['mini-2026', 'small'],
    ['two/up-big', 'big'],
    ['auto:quality', 'small'],
    ['', 'small'],
  ])('model "%s" is %s', async (name, id) => {
    expect((await gateway.chat(asking('Hi', { model: name }))).headers.get('x-signalbox-model')).toBe(id);
  });

  it('an unknown model is 404 with the nearest names', async () => {
    const response = await gateway.chat(asking('Hi', { model: 'smal' }));
    expect(response.status).toBe(404);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe('model_not_found');
    expect(error.message).toContain('small');
    expect(response.headers.get('x-signalbox-request-id')).toBeTruthy();
  });

  it.each([
    'team',
    'team=red,=x',
    `team=${'x'.repeat(101)}`,
    Array.from({ length: 21 }, (_, i) => `k${i}=v`).join(','),
  ])('tags "%s" are refused', async (tags) => {
    const response = await gateway.chat(asking('Hi'), { 'x-signalbox-tags': tags });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param: 'x-signalbox-tags' } });
    expect(one.requests).toHaveLength(0);
  });

  it('an unknown strategy is refused with the known ones', async () => {
    const response = await gateway.chat(asking('Hi'), { 'x-signalbox-strategy': 'fanciest' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('quality-first');
  });
});

describe('bad bodies', () => {
  it('broken JSON is 400 with the place', async () => {
    const response = await gateway.chat('{"model":"auto",\n "messages": [}');
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 'invalid_json', message: expect.stringMatching(/line 2/) },
    });
  });

  it('a body over the limit is 413, whether its length is told or not', async () => {
    await gateway.close();
    gateway = await startGateway({ ...twoModels(one.baseUrl), server: { port: 0, maxBody: '1KB' } });
    const large = JSON.stringify(asking('x'.repeat(5000)));
    expect((await gateway.chat(large)).status).toBe(413);
    const chunked = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new Blob([large]).stream(),
      duplex: 'half',
    });
    expect(chunked.status).toBe(413);
    expect(one.requests).toHaveLength(0);
  });

  it.each([
    ['no messages', { model: 'auto' }],
    ['messages that are none', { model: 'auto', messages: 'hello' }],
    ['no object', []],
    ['null', null],
  ])('%s is 400 in OpenAI’s envelope', async (_name, body) => {
    const response = await gateway.chat(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { type: 'invalid_request_error', message: expect.any(String) },
    });
  });

  it('deep nesting, lone surrogates and empty bodies end in an answer of ours', async () => {
    for (const body of ['', '['.repeat(100_000), '{"model":"\\ud800","messages":[]}', '\u0000']) {
      expect((await gateway.chat(body)).status).toBeLessThan(500);
    }
    one.behave(answers);
    expect((await gateway.chat(asking('Hi'))).status).toBe(200);
  });
});
