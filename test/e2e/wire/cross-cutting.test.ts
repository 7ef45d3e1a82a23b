import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { configSchema } from '../../../src/config/schema.ts';
import type { Fault } from '../../mock-provider/faulty/server.ts';
import {
  chunkEvent,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../../mock-provider/mock-provider.ts';
import { CLIENT_DIALECTS } from '../../support/dialects.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../../support/gateway.ts';
import { startPair, type Pair, type PairOptions } from '../../support/pair.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const one of open.splice(0).toReversed()) await one.close();
});

async function pair(options: PairOptions = {}): Promise<Pair> {
  const started = await startPair(options);
  open.push(started);
  return started;
}

/** One upstream that does what it is told, and no fallback. */
async function alone(
  behaviour: Behaviour,
): Promise<{ readonly upstream: MockProvider; readonly gateway: TestGateway }> {
  const upstream = await startMockProvider(behaviour);
  open.push(upstream);
  const gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    routing: { default: 'small', strategy: 'static', fallbacks: [] },
  });
  open.push(gateway);
  return { upstream, gateway };
}

const stream = asking('Say it all.', { stream: true, max_tokens: 100 });
const whole = asking('Say it all.', { max_tokens: 100 });
const withoutFallback: PairOptions['config'] = { routing: { default: 'a', strategy: 'static', fallbacks: [] } };

/** Sends bytes of a stream, then breaks it off. */
const breaksAfter =
  (...bytes: readonly string[]): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    for (const each of bytes) response.write(each);
    setImmediate(() => response.destroy());
  };

/** What a stream of chat completions says. */
const said = (raw: string): string =>
  raw
    .split('\n\n')
    .flatMap((event): { choices?: { delta?: { content?: string } }[] }[] =>
      event.startsWith('data: {') ? [JSON.parse(event.slice(6))] : [],
    )
    .map(({ choices = [] }) => choices[0]?.delta?.content ?? '')
    .join('');

describe('25: the status', () => {
  it.each([
    ['the head', []],
    ['a comment', [': keep-alive\n\n']],
    ['half an event', ['data: {"id":"c1","cho']],
    ['an error', ['data: {"error":{"message":"no room","code":503}}\n\n']],
  ])(
    '25: headers are held until the first upstream event, so that a failure after %s has a status',
    async (_n, bytes) => {
      const { gateway } = await alone(breaksAfter(...bytes));
      const response = await gateway.chat(stream);
      expect(response.status).toBeGreaterThanOrEqual(500);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
    },
  );

  it('25: it is 200 from the first event on, and a failure after that is an event', async () => {
    const { gateway } = await alone(breaksAfter(chunkEvent({ content: 'Hi' })));
    const response = await gateway.chat(stream);
    expect(response.status).toBe(200);
    const raw = await response.text();
    expect(raw).toMatch(/Hi[^]*data: \{"error":/);
    expect(raw).not.toContain('[DONE]');
  });
});

describe('26: a client that hangs up', () => {
  const ask = async ({ gateway }: Pair, body: object, until: () => Promise<unknown>) => {
    const left = new AbortController();
    const asked = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify(body),
      signal: left.signal,
    });
    asked.catch(() => {});
    await until();
    if (body === stream) await asked.then(async ({ body: bytes }) => bytes?.getReader().read()).catch(() => {});
    left.abort();
  };
  const settledOf = async ({ gateway }: Pair) => {
    await gateway.engine.ledger.flush();
    const [entry] = await gateway.engine.ledger.store.entries({ limit: 1 });
    return entry?.outcome;
  };

  it('26: ends the upstream call in the middle of a stream, pays for what was said, and nobody else is called', async () => {
    const served = await pair();
    served.one.always({ kind: 'stall', after: 5 });
    await ask(served, stream, () => expect.poll(() => served.one.calls.length).toBe(1));
    await served.one.calls[0]?.over;
    expect(served.one.calls[0]?.closedByClient).toBe(true);
    await expect.poll(() => settledOf(served)).toMatchObject({ status: 'cancelled', usage: { estimated: true } });
    expect((await settledOf(served))?.cost).toBeGreaterThan(0n);
    expect([served.one.calls.length, served.two.calls.length]).toEqual([1, 0]);
  });

  it.each([
    ['a stream’s first event', { ...stream }],
    ['a whole answer', whole],
  ])(
    '26: ends the upstream call that it waits at for %s: no retry, no fallback, and it is settled',
    async (_name, body) => {
      const served = await pair();
      served.one.always({ kind: 'silent' });
      await ask(served, body, () => expect.poll(() => served.one.calls.length).toBe(1));
      await served.one.calls[0]?.over;
      expect(served.one.calls[0]?.closedByClient).toBe(true);
      await expect
        .poll(() => settledOf(served))
        .toMatchObject({ status: 'cancelled', attempts: [{ failure: 'gone' }] });
      expect([served.one.calls.length, served.two.calls.length]).toEqual([1, 0]);
    },
  );

  it('26: ends the wait before a retry', async () => {
    const served = await pair({ config: { retries: { wait: '1h' } } });
    served.one.always({ kind: 'busy-after', seconds: 60 });
    await ask(served, whole, () => expect.poll(() => served.one.inFlight + served.one.calls.length).toBe(1));
    await expect.poll(() => settledOf(served)).toMatchObject({ status: 'cancelled' });
    expect([served.one.calls.length, served.two.calls.length]).toEqual([1, 0]);
  });
});

describe('27: time', () => {
  it.each([stream, whole])(
    '27: one deadline holds for the whole chain: what is left is all that the next has',
    async (body) => {
      const served = await pair({ config: { timeouts: { total: '200ms' } } });
      served.one.always({ kind: 'silent' });
      const response = await served.gateway.chat(body);
      expect(response.status).toBe(504);
      expect([served.one.calls.length, served.two.calls.length]).toEqual([1, 0]);
    },
  );

  it('27: it holds across take-overs, and stands still while an answer flows', async () => {
    let skew = 0;
    const clock = { now: systemClock.now, elapsed: () => systemClock.elapsed() + skew };
    const after =
      (ms: number, word: string): Behaviour =>
      (request, response) => {
        skew += ms;
        return breaksAfter(chunkEvent({ role: 'assistant', content: word }))(request, response);
      };
    const script = [
      after(100_000, 'one'),
      after(250_000, 'one two'),
      after(250_000, 'one two three'),
      after(0, 'never'),
    ];
    const upstream = await startMockProvider((request, response) =>
      script[upstream.requests.length - 1]?.(request, response),
    );
    open.push(upstream);
    const provider = { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'provider-key' };
    const ids = ['a', 'b', 'c', 'd'];
    const gateway = await startGateway(
      {
        providers: { one: provider },
        models: ids.map((id) => ({ id, provider: 'one', price: { input: 1, output: 2 } })),
        routing: { default: 'a', strategy: 'static', fallbacks: ids.slice(1) },
        timeouts: { total: '590s' },
      },
      { clock },
    );
    open.push(gateway);
    const response = await gateway.chat(stream);
    const raw = await response.text();
    expect(said(raw)).toBe('one two three');
    expect(raw).toContain('"error"');
    expect(upstream.requests).toHaveLength(3);
  });

  it('27: the first token has a limit of its own, and so has silence after it', async () => {
    const served = await pair({ config: { timeouts: { firstToken: '100ms', idle: '100ms' } } });
    served.one.always({ kind: 'slow-first-token' });
    const slow = await served.gateway.chat(stream);
    await slow.text();
    expect(slow.headers.get('x-signalbox-model')).toBe('b');
    expect(await served.outcomeOf(slow)).toMatchObject({ attempts: [{ failure: 'silent' }, {}] });
    served.one.always({ kind: 'stall', after: 5 });
    served.gateway.engine.runtime.memory.endCoolDowns();
    const stalled = await served.gateway.chat(stream);
    expect(said(await stalled.text())).toBe(served.one.tokens.join(''));
    expect(stalled.headers.get('x-signalbox-model')).toBe('a');
    expect(await served.outcomeOf(stalled)).toMatchObject({ model: 'b', attempts: [{ failure: 'silent' }, {}] });
  });

  it('27: models that think have a minute for the first token and between two', () => {
    const { timeouts } = configSchema.parse({ providers: {}, models: [{ id: 'a', provider: 'p' }] });
    expect(timeouts.firstTokenReasoning).toBeGreaterThanOrEqual(60_000);
    expect(timeouts.idle).toBeGreaterThanOrEqual(60_000);
    expect(timeouts.total).toBeGreaterThan(timeouts.idle);
    expect(timeouts.connect).toBeLessThan(timeouts.firstToken);
  });

  it.each(CLIENT_DIALECTS.filter(({ name }) => name !== 'ollama'))(
    '27: a silent stream is kept alive: $name',
    async ({ kind, path, body }) => {
      const served = await pair({ kind, config: withoutFallback });
      served.one.always({ kind: 'stall', after: 2 });
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const response = await served.gateway.post(path, body('Hi', true));
      const reader = response.body?.getReader();
      let raw = '';
      const read = async () => (raw += Buffer.from((await reader?.read())?.value ?? []).toString());
      while (!raw.includes('word1')) await read();
      for (let n = 0; n < 2; n++) {
        const before = raw.length;
        vi.advanceTimersByTime(17_500);
        await read();
        expect(raw.slice(before)).toMatch(/^(?::.*|event: ping\ndata: .*)\n\n$/);
      }
      await reader?.cancel();
    },
  );
});

describe('28: headers', () => {
  it('28: neither the client’s credentials nor hop-by-hop headers go on', async () => {
    const { gateway, upstream } = await alone(
      json('{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'),
    );
    const asked = httpRequest(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer client-secret',
        'proxy-authorization': 'Basic client-secret',
        'x-api-key': 'client-secret',
        cookie: 'a=client-secret',
        connection: 'keep-alive, x-hop',
        'x-hop': 'hop-by-hop',
        'keep-alive': 'timeout=99',
        te: 'trailers',
        upgrade: 'hop-by-hop',
        'user-agent': 'a-client/1',
      },
    });
    asked.end(JSON.stringify(whole));
    const [answer] = (await once(asked, 'response')) as [NodeJS.ReadableStream];
    expect(await text(answer)).toContain('Hi');
    const sent = upstream.requests[0]?.headers ?? {};
    expect(sent).toMatchObject({ authorization: 'Bearer provider-key-1', 'user-agent': 'a-client/1' });
    expect(JSON.stringify(sent)).not.toMatch(/client-secret|hop-by-hop|timeout=99|trailers/);
  });

  it('28: no upstream is sent the key of another', async () => {
    const first = await startMockProvider(json('{"error":{"message":"down"}}', 503));
    const second = await startMockProvider();
    open.push(first, second);
    const gateway = await startGateway({
      ...twoModels(first.baseUrl, second.baseUrl),
      routing: { default: 'small', strategy: 'static', fallbacks: ['big'] },
    });
    open.push(gateway);
    expect((await gateway.chat(whole, { authorization: 'Bearer client-secret' })).status).toBe(200);
    expect(second.requests[0]?.headers.authorization).toBe('Bearer provider-key-2');
    expect(JSON.stringify(first.requests)).not.toMatch(/provider-key-2|client-secret/);
  });

  it.each([stream, whole])('28: only listed headers of the upstream come back', async (body) => {
    const { gateway } = await alone((_request, response) => {
      response.setHeader('set-cookie', 'a=b');
      response.setHeader('server', 'upstream/1');
      response.setHeader('x-internal', 'yes');
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('x-ratelimit-remaining-requests', '9');
      response.setHeader('x-request-id', 'up-1');
      const [type, bytes] =
        body === stream
          ? [
              'text/event-stream',
              `${chunkEvent({ content: 'Hi' })}${chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}data: [DONE]\n\n`,
            ]
          : ['application/json', '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'];
      response.writeHead(200, { 'content-type': type });
      response.end(bytes);
    });
    const { headers } = await gateway.chat(body);
    expect(headers.get('x-ratelimit-remaining-requests')).toBe('9');
    expect(headers.get('x-request-id')).toBe('up-1');
    for (const name of ['set-cookie', 'server', 'x-internal', 'access-control-allow-origin']) {
      expect(headers.get(name), name).toBeNull();
    }
  });
});

describe('29: sending again', () => {
  it.each([
    ['a connection that is reset', { kind: 'reset' }, 2],
    ['500', { kind: 'error-500' }, 2],
    ['429 with a short wait', { kind: 'busy-after', seconds: 0, ms: 5 }, 2],
    ['400', { kind: 'status', status: 400 }, 1],
    ['422', { kind: 'status', status: 422 }, 1],
    ['a content policy', { kind: 'filter' }, 1],
  ] as const)(
    '29: a whole answer is asked for again only where none can have been given: %s',
    async (_name, fault, calls) => {
      const served = await pair({ config: withoutFallback });
      served.one.next(fault);
      const response = await served.gateway.chat(whole);
      expect([served.one.calls.length, response.status === 200]).toEqual([calls, calls === 2]);
    },
  );

  const ends = chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  it.each([
    ['is another', chunkEvent({ content: 'Something else' })],
    ['ends before it comes as far', `${chunkEvent({ content: 'Hel' })}${ends}`],
    ['says nothing', ends],
  ])('29: nothing is sent again after bytes where the rest cannot be joined to them: it %s', async (_name, second) => {
    const { gateway, upstream } = await alone((request, response) =>
      breaksAfter(upstream.requests.length === 1 ? chunkEvent({ content: 'Hello' }) : second)(request, response),
    );
    const raw = await (await gateway.chat(stream)).text();
    expect(said(raw)).toBe('Hello');
    expect(raw).toContain('"error"');
    expect(raw).not.toMatch(/\[DONE\]|Something|"finish_reason":"stop"/);
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('30: an answer that broke off', () => {
  it('30: text is gone on with at its end by a provider that takes prefills', async () => {
    const served = await pair({ kind: 'anthropic' });
    served.one.always({ kind: 'cut', after: 5 });
    const ask = { ...stream, model: 'auto' };
    const raw = await (await served.gateway.post('/v1/messages', ask)).text();
    const begun = served.one.tokens.slice(0, 5).join('');
    expect(served.two.calls[0]?.body['messages']).toEqual([
      { role: 'user', content: 'Say it all.' },
      { role: 'assistant', content: begun },
    ]);
    const texts = [...raw.matchAll(/"text_delta","text":("[^"]*")/g)].map(
      ([, json = '""']) => JSON.parse(json) as string,
    );
    expect(texts.join('')).toBe(served.one.tokens.join(''));
    expect(raw).toContain('message_stop');
  });

  it.each(['anthropic', 'ollama'])('30: it is asked for without the white space at its end (%s)', async (kind) => {
    const served = await pair({ kind, tokens: ['One ', 'two ', 'three.'] });
    served.one.always({ kind: 'cut', after: 2 });
    const dialect = CLIENT_DIALECTS.find((each) => each.kind === kind);
    if (dialect === undefined) throw new Error('no dialect');
    const raw = await (await served.gateway.post(dialect.path, dialect.body('Count.', true))).text();
    expect(served.two.calls[0]?.body['messages']).toMatchObject([{}, { role: 'assistant', content: 'One two' }]);
    expect(dialect.read(raw, true).text).toBe('One two three.');
  });

  it('30: the next provider of the dialect is asked for the rest of the very same request', async () => {
    const served = await pair({ kind: 'anthropic' });
    served.one.always({ kind: 'cut', after: 5 });
    const document = { type: 'document', source: { type: 'file', file_id: 'file_1' }, citations: { enabled: true } };
    const ask = {
      model: 'auto',
      stream: true,
      max_tokens: 4000,
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      messages: [{ role: 'user', content: [document, { type: 'text', text: 'Say it all.' }] }],
      context_management: { edits: [] },
    };
    const raw = await (await served.gateway.post('/v1/messages', { ...ask, thinking: { type: 'adaptive' } })).text();
    expect(raw).toContain('message_stop');
    const begun = { role: 'assistant', content: served.one.tokens.slice(0, 5).join('') };
    expect(served.two.calls[0]?.body).toEqual({
      ...ask,
      model: 'up-b',
      messages: [...ask.messages, begun],
      // Nobody thinks in the middle of an answer.
      thinking: { type: 'disabled' },
    });
  });

  it.each([
    ['refuses a prefill', 'anthropic', { kind: 'rejects-prefill' }],
    ['answers a prefill from the beginning', 'anthropic', { kind: 'ignores-prefill' }],
    ['is not known to take one', 'openai', { kind: 'ok' }],
  ] as const)(
    '30: text is gone on with, nothing twice, where the next provider %s',
    async (_name, kind, fault: Fault) => {
      const dialect = CLIENT_DIALECTS.find((each) => each.kind === kind);
      if (dialect === undefined) throw new Error('no dialect');
      const served = await pair({ kind });
      served.one.always({ kind: 'cut', after: 5 });
      served.two.always(fault);
      const told = dialect.read(await (await served.gateway.post(dialect.path, dialect.body('Hi', true))).text(), true);
      expect(told).toMatchObject({ text: served.one.tokens.join(''), complete: true, usages: 1, error: undefined });
    },
  );

  const callBegins = [
    chunkEvent({
      tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'pay', arguments: '' } }],
    }),
    chunkEvent({ tool_calls: [{ index: 0, function: { arguments: '{"usd":1' } }] }),
  ];
  const callEnds = [
    chunkEvent({ tool_calls: [{ index: 0, function: { arguments: '0}' } }] }),
    chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] }),
    'data: [DONE]\n\n',
  ];

  it('30: partial tool arguments that were told are never completed, and the end says so', async () => {
    const { gateway, upstream } = await alone(breaksAfter(...callBegins));
    const raw = await (await gateway.chat(stream)).text();
    expect(raw).toContain('"error"');
    expect(raw).not.toMatch(/\[DONE\]|"finish_reason":"/);
    expect(upstream.requests).toHaveLength(1);
  });

  it('30: partial tool arguments that were not told are discarded and asked for again', async () => {
    const { gateway, upstream } = await alone((request, response) =>
      upstream.requests.length === 1
        ? breaksAfter(...callBegins)(request, response)
        : void response
            .writeHead(200, { 'content-type': 'text/event-stream' })
            .end([...callBegins, ...callEnds].join('')),
    );
    const response = await gateway.post('/api/chat', { model: 'small', messages: [{ role: 'user', content: 'Pay' }] });
    const lines = (await response.text())
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    const calls = lines.flatMap((line) => (line as { message?: { tool_calls?: unknown[] } }).message?.tool_calls ?? []);
    expect(calls).toMatchObject([{ function: { name: 'pay', arguments: { usd: 10 } } }]);
    expect(lines.at(-1)).toMatchObject({ done: true });
    expect(upstream.requests).toHaveLength(2);
  });
});

describe('31: the list of models', () => {
  it('31: has OpenAI’s fields, what is known beside them, and the names that are routed', async () => {
    const { gateway } = await alone(() => {});
    await gateway.close();
    open.pop();
    const served = await startGateway({
      providers: { openai: { kind: 'openai', apiKey: 'provider-key' } },
      models: [{ id: 'fast', provider: 'openai', model: 'gpt-4o-mini' }],
      roles: { engineer: {} },
    });
    open.push(served);
    const list = (await (await served.get('/v1/models')).json()) as { object: string; data: { id: string }[] };
    expect(list.object).toBe('list');
    for (const row of list.data) {
      expect(row).toMatchObject({
        id: expect.any(String),
        object: 'model',
        created: expect.any(Number),
        owned_by: expect.any(String),
      });
    }
    expect(list.data[0]).toMatchObject({
      id: 'fast',
      context_length: 128_000,
      max_output_tokens: 16_384,
      capabilities: expect.arrayContaining(['tools']),
      pricing: { input: 0.15, output: 0.6 },
    });
    expect(list.data.map(({ id }) => id)).toEqual(expect.arrayContaining(['auto', 'claude-auto', 'role/engineer']));
    expect(await (await served.get('/v1/models/fast')).json()).toEqual(list.data[0]);
  });
});
