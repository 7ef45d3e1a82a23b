import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  chunkEvent,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';

const GATEWAY_KEY = 'sb-0123456789-claude-code';

let upstream: MockProvider;
let gateway: TestGateway;

const event = (data: { readonly type: string } & Readonly<Record<string, unknown>>): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
const usage = { input_tokens: 11, output_tokens: 1 };
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-up' };
const START = event({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage } });
const BLOCK = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
const TEXT = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } });
const END = [
  event({ type: 'content_block_stop', index: 0 }),
  event({
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 1 },
  }),
  event({ type: 'message_stop' }),
].join('');
const answer = json(
  JSON.stringify({
    ...message,
    content: [{ type: 'text', text: 'Hi' }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage,
  }),
);

beforeEach(async () => {
  upstream = await startMockProvider(answer);
  const price = { input: 1, output: 2, cacheRead: 0.1 };
  gateway = await startGateway({
    providers: {
      claude: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey: 'provider-key' },
      other: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'provider-key' },
    },
    models: [
      { id: 'claude-one', provider: 'claude', model: 'claude-up', quality: 0.9, price },
      { id: 'claude-two', provider: 'claude', model: 'claude-up-2', quality: 0.5, price },
      { id: 'gpt', provider: 'other', model: 'gpt-up', quality: 0.4, price },
    ],
    routing: { fallbacks: [], default: 'claude-one' },
    retries: { max: 0 },
    timeouts: { firstToken: '60s', firstTokenReasoning: '60s' },
    auth: { keys: [{ name: 'cc', key: GATEWAY_KEY }] },
  });
});

afterEach(async () => {
  vi.useRealTimers();
  await gateway.close();
  await upstream.close();
});

type Headers = Readonly<Record<string, string>>;

const body = (rest: object = {}) => ({
  model: 'claude-one',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Hi' }],
  ...rest,
});
const ask = (sent: unknown = body(), headers: Headers = {}) => gateway.post('/v1/messages?beta=true', sent, headers);
const seen = () => upstream.requests.at(-1);
const streams =
  (...events: readonly string[]): Behaviour =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const each of events) response.write(each);
    response.end();
  };

describe('32: paths', () => {
  it('32: POST /v1/messages?beta=true is routed by its path', async () => {
    const response = await ask();
    expect([response.status, await response.json()]).toMatchObject([200, { type: 'message' }]);
    expect(seen()?.path).toMatch(/^\/v1\/messages(?:\?|$)/);
  });

  it('32: HEAD /api/hello is answered, and calls nobody', async () => {
    const response = await fetch(`${gateway.url}/api/hello`, { method: 'HEAD', redirect: 'error' });
    expect([response.status, upstream.requests.length]).toEqual([200, 0]);
  });

  it('32: count_tokens is served', async () => {
    const counted = async (content: string) => {
      const { messages, model } = body({ messages: [{ role: 'user', content }] });
      const response = await gateway.post('/v1/messages/count_tokens?beta=true', { model, messages });
      expect(response.status).toBe(200);
      return ((await response.json()) as { input_tokens: number }).input_tokens;
    };
    const few = await counted('Hi');
    expect(few).toBeGreaterThan(0);
    expect(await counted('many words '.repeat(100))).toBeGreaterThan(few + 100);
  });
});

describe('33: pairs of header and field', () => {
  const headers = {
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'context-management-2025-06-27,a-beta-of-tomorrow-2031-01-01',
    'anthropic-feature-of-tomorrow': 'on',
  };
  const fields = { context_management: { edits: [] }, field_of_tomorrow: { deep: [1, null, 'x'] } };

  it.each([false, true])('33: both halves go on unchanged, known or not (streamed: %s)', async (stream) => {
    if (stream) upstream.behave(streams(START, BLOCK, TEXT, END));
    await (await ask(body({ ...fields, stream }), headers)).text();
    expect(seen()?.headers).toMatchObject(headers);
    expect(JSON.parse(seen()?.body ?? '')).toEqual({ ...body({ ...fields, stream }), model: 'claude-up' });
  });

  it('33: a version of the client’s own wins over the preset’s', async () => {
    await ask(body(), { 'anthropic-version': '2099-01-01' });
    expect(seen()?.headers['anthropic-version']).toBe('2099-01-01');
    await ask(body());
    expect(seen()?.headers['anthropic-version']).toBe('2023-06-01');
  });

  it('33: neither half reaches a provider of another dialect', async () => {
    upstream.behave(json('{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'));
    const response = await ask(body({ ...fields, model: 'gpt' }), headers);
    expect(response.status).toBe(200);
    expect(JSON.stringify(seen())).not.toMatch(/anthropic-|of_tomorrow|context_management/);
    expect(response.headers.get('x-signalbox-warnings')).toContain('dropped:field_of_tomorrow');
  });
});

describe('34: the system prompt', () => {
  it('34: stays the same array in the same bytes, cache_control where it is', async () => {
    const raw = `{ "system": [ {"type":"text","text":"x-anthropic-billing-header: v=1;"}, {"text":"Be brief.","type":"text","cache_control":{"ttl":"1h","type":"ephemeral"}},
      {"type":"text","text":"Gr\\u00fc\\u00dfe","cache_control":{"type":"ephemeral"}} ], "max_tokens":64.0,
      "tools":[{"name":"look","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],
      "model":"claude-one", "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}] }`;
    expect((await ask(raw)).status).toBe(200);
    expect(seen()?.body).toBe(raw.replace('"claude-one"', '"claude-up"'));
  });
});

describe('35: the conversation', () => {
  const history = (model: string) =>
    JSON.stringify({
      ...body({ model }),
      messages: [
        { role: 'user', content: 'Look' },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
            { type: 'redacted_thinking', data: 'AAAA' },
            { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'a cat' }] },
      ],
    });
  const session = { 'x-claude-code-session-id': 'cc-1' };

  it('35: is not edited while the model stays', async () => {
    for (let n = 0; n < 2; n++) {
      const response = await ask(history('claude-one'), session);
      expect(response.headers.get('x-signalbox-warnings')).toBeNull();
      expect(seen()?.body).toBe(history('claude-one').replace('"claude-one"', '"claude-up"'));
    }
  });

  it('35: loses the thinking, and nothing else, when the model changes', async () => {
    await ask(history('claude-one'), session);
    const moved = await ask(history('claude-two'), session);
    expect(moved.headers.get('x-signalbox-warnings')).toBe('dropped:reasoning');
    const sent = JSON.parse(seen()?.body ?? '') as { messages: { content: { type: string }[] }[] };
    const expected = JSON.parse(history('claude-up-2')) as typeof sent;
    for (const one of expected.messages) {
      if (Array.isArray(one.content)) one.content = one.content.filter(({ type }) => !type.includes('thinking'));
    }
    expect(sent).toEqual(expected);
  });
});

describe('36: errors of a provider of the same dialect', () => {
  const refusal = (type: string, words: string) =>
    `{"type":"error", "error":{"type":"${type}","message":"${words}"},"request_id":"req_1","extra":[1]}`;

  it.each([
    [400, refusal('invalid_request_error', 'prompt is too long: 212000 tokens > 200000 maximum')],
    [400, refusal('invalid_request_error', 'capability_rejected: context_management')],
    [400, refusal('invalid_request_error', 'messages.1.content.0: thinking is bound to a different conversation')],
    [404, refusal('not_found_error', 'model: claude-up')],
    [413, refusal('request_too_large', 'Request exceeds the maximum size')],
    [429, refusal('rate_limit_error', 'This request would exceed your limit')],
    [500, refusal('api_error', 'Internal server error')],
    [529, refusal('overloaded_error', 'Overloaded')],
  ])('36: pass word for word: %i %s', async (status, words) => {
    upstream.behave(json(words, status));
    for (const stream of [false, true]) {
      gateway.engine.runtime.memory.endCoolDowns();
      const response = await ask(body({ stream }));
      expect([response.status, await response.text()]).toEqual([status, words]);
    }
  });

  it('36: inside a stream too', async () => {
    const inside = `event: error\ndata: ${refusal('overloaded_error', 'Overloaded')}\n\n`;
    upstream.behave(streams(START, BLOCK, TEXT, inside));
    expect(await (await ask(body({ stream: true }))).text()).toBe(START + BLOCK + TEXT + inside);
  });
});

describe('37: when to come back', () => {
  const limited = (headers: Headers) =>
    json('{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}', 429, headers);
  const told = async (headers: Headers) => {
    upstream.behave(limited(headers));
    return (await ask()).headers;
  };

  it.each([
    ['7', { 'retry-after': '7' }],
    ['2', { 'retry-after': '1.2' }],
    ['9', { 'retry-after-ms': '8400' }],
    ['0', { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }],
    ['86400', { 'retry-after': '86400' }],
  ])('37: retry-after is %s whole seconds where the provider said %o', async (seconds, headers) => {
    expect((await told(headers)).get('retry-after')).toBe(seconds);
  });

  it('37: a date becomes seconds', async () => {
    const headers = await told({ 'retry-after': new Date(Date.now() + 90_000).toUTCString() });
    expect(headers.get('retry-after')).toMatch(/^(?:8\d|90)$/);
  });

  it('37: it is whole seconds too when the gateway itself says when', async () => {
    await told({ 'retry-after-ms': '8400' });
    const response = await ask(body({ model: 'claude-auto' }), { 'x-signalbox-strategy': 'static' });
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[89]$/);
    expect(await response.json()).toMatchObject({ type: 'error', error: { type: 'overloaded_error' } });
  });

  it.each(['true', 'false'])('37: x-should-retry: %s goes on unchanged', async (value) => {
    expect((await told({ 'x-should-retry': value })).get('x-should-retry')).toBe(value);
  });

  it('37: anthropic-ratelimit-unified-* goes on unchanged, with refusals and with answers', async () => {
    const unified = {
      'anthropic-ratelimit-unified-status': 'allowed_warning',
      'anthropic-ratelimit-unified-reset': '1794960000',
      'anthropic-ratelimit-unified-5h-utilization': '0.93',
    };
    const refused = await told(unified);
    upstream.behave((request, response) => {
      for (const [name, value] of Object.entries(unified)) response.setHeader(name, value);
      return answer(request, response);
    });
    const { headers } = await ask();
    for (const [name, value] of Object.entries(unified)) {
      expect([refused.get(name), headers.get(name)], name).toEqual([value, value]);
    }
  });
});

describe('38: every byte counts', () => {
  /** An upstream whose stream goes on when it is told. */
  function stepwise() {
    let write: (bytes: string) => void = () => {};
    const opened = new Promise<void>((resolve) => {
      upstream.behave((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
        write = (bytes) => void response.write(bytes);
        resolve();
      });
    });
    return { opened, write: (bytes: string) => write(bytes) };
  }
  const readerOf = (response: Response) => {
    const reader = response.body?.getReader();
    return {
      next: async () => Buffer.from((await reader?.read())?.value ?? []).toString(),
      cancel: () => reader?.cancel(),
    };
  };
  const begin = async (model: string, first: string) => {
    const { opened, write } = stepwise();
    const asked = ask(body({ model, stream: true }));
    await opened;
    write(first);
    return { ...readerOf(await asked), write };
  };

  it('38: events, pings and comments of the provider go on one by one, as they are', async () => {
    const { next, cancel, write } = await begin('claude-one', START);
    expect(await next()).toBe(START);
    for (const bytes of [BLOCK, PING, ': a comment\n\n', TEXT]) {
      write(bytes);
      expect(await next()).toBe(bytes);
    }
    await cancel();
  });

  it('38: a translated stream goes on one by one too, and a comment of the provider becomes a ping', async () => {
    const { next, cancel, write } = await begin('gpt', chunkEvent({ role: 'assistant', content: 'One' }));
    expect(await next()).toContain('"text":"One"');
    write(': PROCESSING\n\n');
    expect(await next()).toMatch(/^event: ping\ndata: \{"type":"ping"\}\n\n$/);
    write(chunkEvent({ content: 'Two' }));
    expect(await next()).toContain('"text":"Two"');
    await cancel();
  });

  it.each(['claude-one', 'gpt'])('38: a provider that falls silent is pinged for: %s', async (model) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const first = model === 'gpt' ? chunkEvent({ role: 'assistant', content: 'Hi' }) : START;
    const { next, cancel } = await begin(model, first);
    await next();
    for (let n = 0; n < 3; n++) {
      vi.advanceTimersByTime(17_500);
      expect(await next()).toMatch(/^event: ping\n/);
    }
    await cancel();
  });

  it('38: a provider that is long in coming is pinged for, with the head', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const { opened, write } = stepwise();
    const asked = ask(body({ stream: true }), { 'x-signalbox-tags': 'a=b' });
    await opened;
    vi.advanceTimersByTime(15_000);
    const response = await asked;
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    const { next, cancel } = readerOf(response);
    expect(await next()).toMatch(/^event: ping\n/);
    write(START);
    expect(await next()).toBe(START);
    await cancel();
  });
});

describe('39: finding models', () => {
  interface Row {
    readonly id: string;
    readonly display_name: string;
    readonly description?: string;
  }
  const list = async (headers: Headers) => {
    const response = await fetch(`${gateway.url}/v1/models?limit=1000`, { headers, redirect: 'error' });
    return { status: response.status, body: (await response.json()) as { data: readonly Row[] } };
  };

  it('39: the list is there at once, whichever header holds the gateway’s key', async () => {
    for (const headers of [
      { authorization: `Bearer ${GATEWAY_KEY}` },
      { 'x-api-key': GATEWAY_KEY },
      { authorization: 'Bearer sk-ant-oat-of-the-client', 'x-api-key': GATEWAY_KEY },
      { authorization: `Bearer ${GATEWAY_KEY}`, 'x-api-key': 'sk-ant-of-the-client' },
      { authorization: `Bearer ${GATEWAY_KEY}`, 'x-api-key': GATEWAY_KEY },
    ]) {
      expect((await list(headers)).status, JSON.stringify(headers)).toBe(200);
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it('39: there is a routed name that the client shows, and rows have what it reads', async () => {
    const { data } = (await list({})).body;
    const shown = data.filter(({ id }) => /claude|anthropic/.test(id));
    expect(shown.map(({ id }) => id)).toEqual(['claude-one', 'claude-two', 'claude-auto']);
    for (const { display_name } of shown) expect(display_name).toMatch(/./);
    expect(shown.at(-1)?.description).toContain('chooses');
  });
});

describe('40: what the client tells', () => {
  const routed = body({ model: 'claude-auto' });

  it('40: its session is the session, and a session header of ours wins', async () => {
    const step = async (headers: Headers) => (await ask(routed, headers)).headers.get('x-signalbox-session');
    expect(await step({})).toBe('none');
    expect(await step({ 'x-claude-code-session-id': 'cc-1' })).toBe('initialize');
    expect(await step({ 'x-claude-code-session-id': 'cc-1' })).toBe('retain');
    expect(await step({ 'x-claude-code-session-id': 'cc-1', 'x-signalbox-session': 'mine' })).toBe('initialize');
  });

  it.each([
    ['main', 'balanced'],
    ['subagent', 'balanced'],
    ['workflow', 'balanced'],
    ['auxiliary', 'cost-first'],
    ['compaction', 'cost-first'],
  ])('40: a request of class %s is routed by %s, unless the caller says otherwise', async (kind, strategy) => {
    const told = async (headers: Headers, model = 'claude-auto') =>
      (await ask(body({ model }), { 'x-claude-code-request-class': kind, ...headers })).headers.get(
        'x-signalbox-strategy',
      );
    expect(await told({})).toBe(strategy);
    expect(await told({ 'x-signalbox-strategy': 'quality-first' })).toBe('quality-first');
  });

  it('40: a compacted context has nothing cached: the next choice is free of it', async () => {
    const cached = async (headers: Headers) => {
      const response = await ask(routed, {
        'x-claude-code-session-id': 'cc-2',
        'x-signalbox-explain': 'true',
        ...headers,
      });
      const { routing } = (await response.json()) as { routing: { decision: { cached?: { model: string } } } };
      return routing.decision.cached?.model;
    };
    expect(await cached({})).toBeUndefined();
    const model = await cached({});
    expect(model).toMatch(/^(?:claude-|gpt)/);
    expect(await cached({ 'x-claude-code-context-compacted': 'true' })).toBeUndefined();
    expect(await cached({ 'x-claude-code-context-compacted': 'false' })).toBe(model);
  });

  it('40: none of it goes on to a provider', async () => {
    await ask(body(), { 'x-claude-code-session-id': 'cc-3', 'x-claude-code-agent-type': 'explore' });
    expect(JSON.stringify(seen()?.headers)).not.toMatch(/claude-code|cc-3/);
  });
});
