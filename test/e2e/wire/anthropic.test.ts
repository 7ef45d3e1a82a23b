import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../../src/config/schema.ts';
import { manualClock } from '../../../src/state/conformance.ts';
import { hangs, json, type Behaviour } from '../../mock-provider/mock-provider.ts';
import { askingMessages, messagesClient, thinking } from '../../support/messages-client.ts';
import {
  chat,
  choice,
  chunks,
  eventsOf,
  lastLine,
  line,
  lines,
  message,
  messageEnd,
  messageStart,
  named,
  PRICE,
  streamsEvents,
  streamsLines,
  tells,
  useOneUpstream,
} from '../../support/one-upstream.ts';

const one = useOneUpstream();

const { ask, askChat } = messagesClient(one);

const STREAM = { stream: true };
const CHAT_STREAM = { stream: true, stream_options: { include_usage: true } };
const text = (words: string) => ({ type: 'text', text: words });
const block = (index: number, content_block: object) => ({ type: 'content_block_start', index, content_block });
const delta = (index: number, type: string, rest: object) => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...rest },
});
const stop = (index: number) => ({ type: 'content_block_stop', index });
const PING = { type: 'ping' };

/** Everything that a stream of Anthropic's can hold. */
const RICH = [
  PING,
  messageStart(),
  PING,
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  delta(0, 'thinking_delta', { thinking: 'hm' }),
  PING,
  delta(0, 'signature_delta', { signature: 'c2ln' }),
  stop(0),
  block(1, { type: 'text', text: '', citations: [] }),
  delta(1, 'text_delta', { text: 'Grüße ✓' }),
  delta(1, 'citations_delta', { citation: { type: 'char_location', cited_text: 'x', document_index: 0 } }),
  stop(1),
  block(2, { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }),
  delta(2, 'input_json_delta', { partial_json: '' }),
  delta(2, 'input_json_delta', { partial_json: '{"at":' }),
  PING,
  delta(2, 'input_json_delta', { partial_json: '"cat"}' }),
  stop(2),
  ...messageEnd('tool_use', { output_tokens: 9 }),
];

/** Blocks of a stream, and proof that its events come as the dialect orders them. */
function blocksOf(raw: string) {
  const events = eventsOf(raw).filter(({ type }) => type !== 'ping');
  for (const { type, data } of events) expect(data.type).toBe(type);
  expect(events[0]?.type).toBe('message_start');
  expect(events.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop']);
  const blocks: { block: object; deltas: { type: string; [field: string]: unknown }[] }[] = [];
  let open: number | undefined;
  for (const { type, data } of events.slice(1, -2)) {
    if (type === 'content_block_start') {
      expect([open, data.index]).toEqual([undefined, blocks.length]);
      open = data.index;
      blocks.push({ block: data.content_block, deltas: [] });
    } else {
      expect(data.index).toBe(open);
      if (type === 'content_block_stop') open = undefined;
      else blocks.at(-1)?.deltas.push(data.delta);
    }
  }
  expect(open).toBeUndefined();
  return blocks;
}

const call = (index: number, args: string, id?: string) => ({
  tool_calls: [
    {
      index,
      ...(id === undefined ? {} : { id, type: 'function' }),
      function: { ...(id && { name: 'look' }), arguments: args },
    },
  ],
});

describe('the order of a stream', () => {
  it('15: pings, thoughts, signatures, citations and empty pieces of input pass byte for byte', async () => {
    const bytes = `: hello\n\n${named(...RICH)}`;
    const response = await ask('claude', streamsEvents(bytes), STREAM);
    expect(await response.text()).toBe(bytes);
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', usage: { input: 11, output: 9 } });
  });

  it('15: chunks of chat completions become blocks one after the other, though their calls come in pieces of each', async () => {
    const bytes = chunks(
      choice({ role: 'assistant', content: '' }),
      choice({ reasoning_content: 'hm' }),
      choice({ content: 'Hel' }),
      choice({ content: 'lo' }),
      choice(call(0, '', 'call_a')),
      choice(call(1, '{"at":', 'call_b')),
      choice(call(0, '{}')),
      choice(call(1, '"cat"}')),
      choice({}, 'tool_calls'),
    );
    const raw = await (await ask('gpt', streamsEvents(bytes), { ...STREAM, thinking })).text();
    const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: {} });
    const json = (...pieces: string[]) => pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    expect(blocksOf(raw)).toEqual([
      {
        block: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking: 'hm' },
          { type: 'signature_delta', signature: 'signalbox' },
        ],
      },
      {
        block: text(''),
        deltas: [
          { type: 'text_delta', text: 'Hel' },
          { type: 'text_delta', text: 'lo' },
        ],
      },
      { block: use('call_a'), deltas: json('{}') },
      { block: use('call_b'), deltas: json('{"at":', '"cat"}') },
    ]);
  });

  it.each([
    ['without an index', undefined],
    ['with the same index', 0],
  ])('15: calls of a host that tells them %s stay apart, streamed and whole', async (_name, index) => {
    const made = (id: string, at: string) => ({
      ...(index === undefined ? {} : { index }),
      id,
      type: 'function',
      function: { name: 'look', arguments: `{"at":"${at}"}` },
    });
    const use = (id: string, at: string) => ({ type: 'tool_use', id, name: 'look', input: { at } });
    const calls = [made('call_a', 'cat'), made('call_b', 'dog')];
    const pieces = chunks(...calls.map((each) => choice({ tool_calls: [each] })), choice({}, 'stop'));
    const streamed = blocksOf(await (await ask('gpt', streamsEvents(pieces), STREAM)).text());
    expect(streamed).toMatchObject([
      { block: { id: 'call_a' }, deltas: [{ partial_json: '{"at":"cat"}' }] },
      { block: { id: 'call_b' }, deltas: [{ partial_json: '{"at":"dog"}' }] },
    ]);
    const whole = await ask('gpt', tells(chat({ content: null, tool_calls: calls }, 'tool_calls')));
    expect(await whole.json()).toMatchObject({ content: [use('call_a', 'cat'), use('call_b', 'dog')] });
  });

  it('15: lines of Ollama become blocks', async () => {
    const bytes = lines(
      line({ thinking: 'hm' }),
      line({ content: 'Hello' }),
      line({ tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }] }),
      lastLine(),
    );
    const raw = await (await ask('llama', streamsLines(bytes), { ...STREAM, thinking })).text();
    expect(blocksOf(raw)).toMatchObject([
      { block: { type: 'thinking' }, deltas: [{ thinking: 'hm' }, { type: 'signature_delta' }] },
      { block: { type: 'text' }, deltas: [{ text: 'Hello' }] },
      { block: { type: 'tool_use', name: 'look' }, deltas: [{ partial_json: '{"at":"cat"}' }] },
    ]);
  });

  it('15: an OpenAI client hears the thoughts, the text and the call of such a stream, and a comment for each ping', async () => {
    const raw = await (await askChat('claude', streamsEvents(named(...RICH)), CHAT_STREAM)).text();
    const deltas = eventsOf(raw).flatMap(({ data }) => data.choices.map((one: { delta: object }) => one.delta));
    const joined = (field: string) => deltas.map((said) => said[field] ?? '').join('');
    expect([joined('reasoning_content'), joined('content')]).toEqual(['hm', 'Grüße ✓']);
    const calls = deltas.flatMap(({ tool_calls = [] }) => tool_calls);
    expect(calls[0]).toMatchObject({ index: 0, id: 'toolu_1', function: { name: 'look' } });
    expect(calls.map((part) => part.function.arguments).join('')).toBe('{"at":"cat"}');
    expect(raw.match(/^: /gm)?.length).toBeGreaterThanOrEqual(RICH.filter((event) => event === PING).length);
    expect(raw.endsWith('data: [DONE]\n\n')).toBe(true);
  });
});

describe('usage', () => {
  const growing = named(
    messageStart({ input_tokens: 11, output_tokens: 1 }),
    block(0, text('')),
    delta(0, 'text_delta', { text: 'Hi' }),
    stop(0),
    { type: 'message_delta', delta: { stop_reason: null, stop_sequence: null }, usage: { output_tokens: 5 } },
    ...messageEnd('end_turn', { output_tokens: 9 }),
  );

  it('16: the output count of message_delta is cumulative and is not added up', async () => {
    const passed = await ask('claude', streamsEvents(growing), STREAM);
    expect(await passed.text()).toBe(growing);
    expect((await one.outcomeOf(passed)).usage).toEqual({ input: 11, output: 9 });
    const translated = await askChat('claude', streamsEvents(growing), CHAT_STREAM);
    expect(eventsOf(await translated.text()).flatMap(({ data }) => data.usage ?? [])).toEqual([
      { prompt_tokens: 11, completion_tokens: 9, total_tokens: 20 },
    ]);
  });

  const cached = {
    input_tokens: 10,
    cache_read_input_tokens: 30,
    cache_creation_input_tokens: 20,
    cache_creation: { ephemeral_5m_input_tokens: 12, ephemeral_1h_input_tokens: 8 },
    output_tokens: 9,
  };
  const cachedStream = named(
    messageStart({ ...cached, output_tokens: 1 }),
    ...messageEnd('end_turn', { output_tokens: 9 }),
  );

  it.each([
    ['whole', {}, tells(message([text('Hi')], 'end_turn', cached))],
    ['streamed', STREAM, streamsEvents(cachedStream)],
  ])('16: the cache is beside the input, and each of its parts has its own price (%s)', async (_name, rest, behave) => {
    const response = await ask('claude', behave, rest);
    await response.text();
    const outcome = await one.outcomeOf(response);
    expect(outcome.usage).toMatchObject({ input: 60, output: 9, cacheRead: 30, cacheWrite: 20 });
    // Writes cost 1.25 times the input for five minutes and twice as much for an hour, reads a tenth.
    expect([PRICE.cacheWrite, PRICE.cacheRead]).toEqual([1.25 * PRICE.input, 0.1 * PRICE.input]);
    const tokens = 10 + 12 * 1.25 + 8 * 2 + 30 * 0.1;
    expect(outcome.cost).toBe(BigInt(1000 * (tokens * PRICE.input + 9 * PRICE.output)));
  });

  it('16: an OpenAI client is told an input that holds the cache', async () => {
    const whole = await (await askChat('claude', tells(message([text('Hi')], 'end_turn', cached)))).json();
    const stream = eventsOf(await (await askChat('claude', streamsEvents(cachedStream), CHAT_STREAM)).text());
    for (const usage of [Object(whole).usage, stream.at(-1)?.data.usage]) {
      expect(usage).toMatchObject({
        prompt_tokens: 60,
        completion_tokens: 9,
        prompt_tokens_details: { cached_tokens: 30 },
      });
    }
  });

  it('16: of OpenAI’s input, an Anthropic client is told the part that was not cached', async () => {
    const usage = { prompt_tokens: 60, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 30 } };
    const expected = { input_tokens: 30, cache_read_input_tokens: 30, output_tokens: 9 };
    const whole = await ask('gpt', tells(chat({ content: 'Hi' }, 'stop', usage)));
    expect(await whole.json()).toMatchObject({ usage: expected });
    const bytes = chunks(choice({ content: 'Hi' }), choice({}, 'stop'), { ...choice({}), choices: [], usage });
    const streamed = eventsOf(await (await ask('gpt', streamsEvents(bytes), STREAM)).text());
    expect(streamed.find(({ type }) => type === 'message_delta')?.data.usage).toEqual(expected);
  });
});

describe('the stop reason', () => {
  const USE = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} };

  it.each([
    ['end_turn', 'stop', text('Hi')],
    ['stop_sequence', 'stop', text('Hi')],
    ['max_tokens', 'length', text('Hi')],
    ['model_context_window_exceeded', 'length', text('Hi')],
    ['tool_use', 'tool_calls', USE],
    ['refusal', 'content_filter', text('Hi')],
  ])('17: %s is %s to an OpenAI client', async (reason, finish, content) => {
    const whole = await (await askChat('claude', tells(message([content], reason)))).json();
    const bytes = named(messageStart(), block(0, content), stop(0), ...messageEnd(reason));
    const stream = eventsOf(await (await askChat('claude', streamsEvents(bytes), STREAM)).text());
    const streamed = stream.flatMap(({ data }) => data.choices[0]?.finish_reason ?? []);
    expect([Object(whole).choices[0].finish_reason, ...streamed]).toEqual([finish, finish]);
  });

  const calling = {
    content: null,
    tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
  };
  it.each([
    ['stop', 'end_turn', { content: 'Hi' }],
    ['length', 'max_tokens', { content: 'Hi' }],
    ['tool_calls', 'tool_use', calling],
    ['stop', 'tool_use', calling],
    ['content_filter', 'refusal', { content: 'Hi' }],
  ])('17: OpenAI’s %s is %s', async (finish, reason, said) => {
    const whole = await (await ask('gpt', tells(chat(said, finish)))).json();
    const bytes = chunks(choice({ role: 'assistant', ...said }), choice({}, finish));
    const stream = eventsOf(await (await ask('gpt', streamsEvents(bytes), STREAM)).text());
    const streamed = stream.find(({ type }) => type === 'message_delta')?.data.delta.stop_reason;
    expect([Object(whole).stop_reason, streamed]).toEqual([reason, reason]);
  });

  it.each([
    ['stop', 'end_turn', {}],
    ['length', 'max_tokens', {}],
    ['stop', 'tool_use', { tool_calls: [{ function: { name: 'look', arguments: {} } }] }],
  ])('17: Ollama’s %s is %s', async (done, reason, said) => {
    const whole = await (await ask('llama', tells(lastLine({ content: 'Hi', ...said }, done)))).json();
    const bytes = lines(line({ content: 'Hi', ...said }), lastLine({}, done));
    const stream = eventsOf(await (await ask('llama', streamsLines(bytes), STREAM)).text());
    const streamed = stream.find(({ type }) => type === 'message_delta')?.data.delta.stop_reason;
    expect([Object(whole).stop_reason, streamed]).toEqual([reason, reason]);
  });

  it('17: pause_turn is left for the client to go on with, and what it then sends goes on word for word', async () => {
    const searching = { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'cats' } };
    const paused = message([text('Let me look.'), searching], 'pause_turn');
    const whole = await ask('claude', tells(paused));
    expect(await whole.json()).toEqual(paused);
    const bytes = named(messageStart(), block(0, text('')), stop(0), ...messageEnd('pause_turn'));
    const streamed = await ask('claude', streamsEvents(bytes), STREAM);
    expect(await streamed.text()).toBe(bytes);
    expect(await one.outcomeOf(streamed)).toMatchObject({ status: 'ok' });
    const messages = [
      { role: 'user', content: 'Hi' },
      { role: 'assistant', content: paused.content },
    ];
    await ask('claude', tells(message([text('Cats.')])), { messages });
    expect(one.asked().messages).toEqual(messages);
  });
});

describe('errors', () => {
  /** What the envelope of an error holds that is ours. */
  const problem = async (response: Response) => {
    const { type, error, request_id: id, ...rest } = Object(await response.json());
    const { type: kind, message: words, details, ...more } = error;
    expect([type, typeof words, typeof details, rest, more]).toEqual(['error', 'string', 'object', {}, {}]);
    expect(id).toMatch(/./);
    expect(id).toBe(response.headers.get('x-signalbox-request-id'));
    return [response.status, kind];
  };
  const fails = (status: number, code: string | null = null, headers?: Record<string, string>) =>
    tells({ error: { message: 'no', type: 'server_error', param: null, code } }, status, headers);

  it.each([
    ['gpt', 400, null, 400, 'invalid_request_error'],
    ['gpt', 400, 'context_length_exceeded', 400, 'invalid_request_error'],
    ['gpt', 401, 'invalid_api_key', 502, 'api_error'],
    ['gpt', 404, null, 502, 'api_error'],
    ['gpt', 429, 'rate_limit_exceeded', 429, 'rate_limit_error'],
    ['gpt', 500, null, 502, 'api_error'],
    ['gpt', 504, null, 504, 'timeout_error'],
    ['llama', 500, null, 502, 'api_error'],
  ])('18: %s answers %i (%s): %i %s', async (model, status, code, told, type) => {
    for (const rest of [{}, STREAM]) {
      one.gateway.engine.runtime.memory.endCoolDowns();
      expect(await problem(await ask(model, fails(status, code), rest))).toEqual([told, type]);
    }
  });

  it('18: an upstream that says nothing is a timeout_error', async () => {
    await one.start({ timeouts: { firstToken: '20ms' } });
    expect(await problem(await ask('gpt', hangs, STREAM))).toEqual([504, 'timeout_error']);
  });

  it('18: a provider of the same dialect is quoted word for word, 529 too', async () => {
    for (const [status, type] of [
      [529, 'overloaded_error'],
      [413, 'request_too_large'],
      [400, 'invalid_request_error'],
    ] as const) {
      const body = ` ${JSON.stringify({ type: 'error', error: { type, message: 'no' }, request_id: 'req_up' })}`;
      const response = await ask('claude', json(body, status));
      expect([response.status, await response.text()]).toEqual([status, body]);
    }
  });

  it('18: what the gateway itself refuses has the envelope', async () => {
    await one.start({ server: { port: 0, maxBody: '1KB' } });
    const post = (body: unknown, path = '/v1/messages') => one.gateway.post(path, body);
    expect(await problem(await post('{"model":'))).toEqual([400, 'invalid_request_error']);
    expect(await problem(await post(askingMessages('gpt', { messages: [] })))).toEqual([400, 'invalid_request_error']);
    expect(await problem(await post(askingMessages('nobody')))).toEqual([404, 'not_found_error']);
    expect(await problem(await post(askingMessages('gpt', { system: 'x'.repeat(2000) })))).toEqual([
      413,
      'request_too_large',
    ]);
    expect(await problem(await post('[', '/v1/messages/count_tokens'))).toEqual([400, 'invalid_request_error']);
    expect(await problem(await one.gateway.get('/v1/messages/nothing'))).toEqual([404, 'not_found_error']);
    expect(one.seen()).toHaveLength(0);
  });

  it('18: a missing key, a model that the key may not have, and a budget have the envelope', async () => {
    const key = 'sb-0123456789abcdefghij';
    const change: Partial<ConfigInput> = {
      auth: { mode: 'required', keys: [{ name: 'team', key, models: ['gpt'] }] },
      retries: { max: 0, maxCost: 1e-9 },
    };
    await one.start(change);
    const post = (model: string, headers: Record<string, string> = {}) =>
      one.gateway.post('/v1/messages', askingMessages(model), headers);
    expect(await problem(await post('gpt'))).toEqual([401, 'authentication_error']);
    expect(await problem(await post('gpt', { 'x-api-key': 'sb-9999999999abcdefghij' }))).toEqual([
      401,
      'authentication_error',
    ]);
    expect(await problem(await post('claude', { 'x-api-key': key }))).toEqual([403, 'permission_error']);
    expect(await problem(await post('gpt', { 'x-api-key': key }))).toEqual([400, 'invalid_request_error']);
    expect(one.seen()).toHaveLength(0);
  });

  it('18: when every upstream is left alone, that is an overloaded_error', async () => {
    const busy = fails(429, 'rate_limit_exceeded', { 'retry-after': '30' });
    for (const model of ['gpt', 'claude', 'llama']) await ask(model, busy);
    expect(await problem(await one.gateway.post('/v1/messages', askingMessages('auto')))).toEqual([
      503,
      'overloaded_error',
    ]);
  });

  it('18: in mid-stream an error is an event of its own, with nothing after it', async () => {
    const cut = `data: ${JSON.stringify(choice({ content: 'Hi' }))}\n\n`;
    for (const [bytes, type] of [
      [cut, 'api_error'],
      [`${cut}data: {"error":{"message":"too much","code":429}}\n\n`, 'rate_limit_error'],
    ] as const) {
      one.gateway.engine.runtime.memory.endCoolDowns();
      const response = await ask('gpt', streamsEvents(bytes), STREAM);
      const events = eventsOf(await response.text());
      expect(events.at(-1)).toMatchObject({ type: 'error', data: { type: 'error', error: { type } } });
      expect(events.some((event) => event.type === 'message_delta' || event.type === 'message_stop')).toBe(false);
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed' });
    }
  });

  it('18: an error event of the same dialect is passed on, and is an error to an OpenAI client', async () => {
    const error = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_up' };
    const bytes = named(messageStart(), block(0, text('')), delta(0, 'text_delta', { text: 'Hi' }), error);
    expect(await (await ask('claude', streamsEvents(bytes), STREAM)).text()).toBe(bytes);
    one.gateway.engine.runtime.memory.endCoolDowns();
    const raw = await (await askChat('claude', streamsEvents(bytes), STREAM)).text();
    expect(eventsOf(raw).at(-1)?.data.error.message).toContain('Overloaded');
    expect(raw).not.toContain('[DONE]');
    expect(raw).not.toContain('"finish_reason":"');
  });
});

describe('rate headers', () => {
  const KINDS = ['requests', 'tokens', 'input-tokens', 'output-tokens'];
  const headers = (remaining: number, reset: string) =>
    Object.fromEntries(
      KINDS.flatMap((kind) => [
        [`anthropic-ratelimit-${kind}-limit`, '1000'],
        [`anthropic-ratelimit-${kind}-remaining`, String(remaining)],
        [`anthropic-ratelimit-${kind}-reset`, reset],
      ]),
    );

  it('19: reach the client as they came, of an answer, a stream and a refusal', async () => {
    const rate = headers(900, '2026-01-01T00:00:30Z');
    const busy = { type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } };
    const behaviours: [Behaviour, object][] = [
      [tells(message([text('Hi')]), 200, rate), {}],
      [streamsEvents(named(...RICH), rate), STREAM],
      [tells(busy, 429, rate), {}],
    ];
    for (const [behave, rest] of behaviours) {
      const response = await ask('claude', behave, rest);
      await response.text();
      for (const [name, value] of Object.entries(rate)) expect(response.headers.get(name), name).toBe(value);
    }
  });

  it('19: an upstream without requests left is not asked before the time of its reset', async () => {
    const clock = manualClock();
    const models = ['first', 'second'].map((id, i) => ({
      id,
      provider: i === 0 ? 'anthropic' : 'openai',
      model: id,
      quality: 0.9 - i / 10,
      price: PRICE,
    }));
    await one.start({ models, routing: { strategy: 'quality-first', default: 'first' } }, { clock });
    const answers: Behaviour = (request, response) => {
      const reset = new Date(clock.now() + 30_000).toISOString();
      const behave = request.path.endsWith('/messages')
        ? tells(message([text('Hi')]), 200, headers(0, reset))
        : tells(chat({ content: 'Hi' }));
      return behave(request, response);
    };
    const model = async () => (await ask('auto', answers)).headers.get('x-signalbox-model');
    expect([await model(), await model()]).toEqual(['first', 'second']);
    clock.advance(29_000);
    expect(await model()).toBe('second');
    clock.advance(2_000);
    expect(await model()).toBe('first');
  });
});
