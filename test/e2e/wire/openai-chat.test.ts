import { describe, expect, it } from 'vitest';
import { json } from '../../mock-provider/mock-provider.ts';
import { block, chatClient, choicesOf, dataOf, HELLO, reasonsOf, says, textOf } from '../../support/chat-client.ts';
import { asking } from '../../support/gateway.ts';
import {
  chat,
  choice,
  chunks,
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

// Test code reads what it is told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
type Any = any;

const UPSTREAMS = ['gpt', 'claude', 'llama'] as const;
const callsOf = (raw: string): readonly Any[] => choicesOf(raw).flatMap(({ delta }) => delta.tool_calls ?? []);

const one = useOneUpstream();
const { ask, stream, whole } = chatClient(one);
const counted = { stream_options: { include_usage: true } };

describe.each(UPSTREAMS)('usage (%s)', (model) => {
  it('1: arrives in one chunk of its own when it is asked for, after usage: null in all others', async () => {
    const { raw } = await stream(model, HELLO[model], counted);
    const data = dataOf(raw);
    expect(data.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
    expect(data.slice(0, -1).map(({ usage }) => usage)).toEqual(data.slice(0, -1).map(() => null));
    expect(raw).toMatch(/\}\n\ndata: \[DONE\]\n\n$/);
  });

  it.each([{}, { stream_options: null }, { stream_options: { include_usage: false } }])(
    '1: arrives in none with %o, and is on the ledger all the same',
    async (options) => {
      const { response, raw } = await stream(model, HELLO[model], options);
      expect(textOf(raw)).toBe('Hello there.');
      expect(dataOf(raw).filter(({ usage, choices }) => (usage ?? null) !== null || choices.length === 0)).toEqual([]);
      expect((await one.outcomeOf(response))?.usage).toMatchObject({ input: 11, output: 7 });
    },
  );
});

it('1: counts what Claude’s cache gave and took as input, and tells how much it was', async () => {
  const usage = { input_tokens: 5, cache_read_input_tokens: 4, cache_creation_input_tokens: 3, output_tokens: 7 };
  const told = {
    prompt_tokens: 12,
    completion_tokens: 7,
    total_tokens: 19,
    prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 3 },
  };
  const streamed = named(messageStart({ ...usage, output_tokens: 1 }), ...says('Hi'), ...messageEnd('end_turn', usage));
  const { raw } = await stream('claude', streamsEvents(streamed), counted);
  expect(dataOf(raw).at(-1).usage).toEqual(told);
  expect((await whole('claude', message([{ type: 'text', text: 'Hi' }], 'end_turn', usage))).usage).toEqual(told);
});

describe('chunks', () => {
  const shapeOf = (raw: string) => ({
    heads: [...new Set(dataOf(raw).map(({ choices: _said, usage: _tokens, ...head }) => JSON.stringify(head)))],
    roles: choicesOf(raw).flatMap(({ delta }, at) => (delta.role === undefined ? [] : [[at, delta.role]])),
    last: choicesOf(raw).at(-1),
    reasons: reasonsOf(raw),
  });
  const head = /^\{"id":"chatcmpl-[^"]+","object":"chat.completion.chunk","created":\d{10},"model":"[^"]+"\}$/;
  const SHAPE = {
    heads: [expect.stringMatching(head)],
    roles: [[0, 'assistant']],
    last: { index: 0, delta: {}, finish_reason: 'stop' },
    reasons: ['stop'],
  };

  it.each(UPSTREAMS)(
    '2: have one id, created and model, the role first and an empty delta last (%s)',
    async (model) => {
      expect(shapeOf((await stream(model, HELLO[model], counted)).raw)).toEqual(SHAPE);
    },
  );

  it('2: have them too when another upstream goes on with the answer', async () => {
    await one.start({
      models: [
        {
          id: 'both',
          price: PRICE,
          upstreams: [
            { provider: 'anthropic', model: 'claude-up' },
            { provider: 'openai', model: 'gpt-up' },
          ],
        },
      ],
    });
    const cut = streamsEvents(named(messageStart(), ...says('Hello').slice(0, -1)));
    const { raw } = await stream('both', (request, response) =>
      (request.path.endsWith('/messages') ? cut : HELLO.gpt)(request, response),
    );
    expect(textOf(raw)).toBe('Hello there.');
    expect(shapeOf(raw)).toEqual(SHAPE);
  });
});

describe('tool calls', () => {
  const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
  const call = (index: number, args: string, rest: object = {}, name: object = {}) =>
    choice({ tool_calls: [{ index, ...rest, function: { ...name, arguments: args } }] });
  const ofClaude = named(
    messageStart(),
    ...block(
      0,
      { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} },
      { type: 'input_json_delta', partial_json: '' },
      { type: 'input_json_delta', partial_json: '{"at":' },
      { type: 'input_json_delta', partial_json: '"cat"}' },
    ),
    ...block(1, { type: 'tool_use', id: 'toolu_2', name: 'wait', input: {} }),
    ...messageEnd('tool_use'),
  );
  const ofLlama = lines(
    line({ tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }] }),
    line({ tool_calls: [{ function: { name: 'wait', arguments: {} } }] }),
    lastLine(),
  );

  it('3: pass in interleaved pieces as they came', async () => {
    const pieces = [
      choice({ role: 'assistant', content: null }),
      call(0, '', { id: 'a', type: 'function' }, { name: 'look' }),
      call(1, '{"at"', { id: 'b', type: 'function' }, { name: 'look' }),
      call(0, '{"at":"cat"}'),
      call(1, ':"dog"}'),
      choice({}, 'tool_calls'),
    ];
    const { raw } = await stream('gpt', streamsEvents(chunks(...pieces)), { tools });
    expect(raw).toBe(chunks(...pieces));
  });

  it.each([
    ['claude', streamsEvents(ofClaude), /^toolu_[12]$/],
    ['llama', streamsLines(ofLlama), /^call_./],
  ])('3: are told once by id, type and name, with arguments as text in pieces (%s)', async (model, behaviour, ids) => {
    const { raw } = await stream(model, behaviour, { tools });
    const calls = callsOf(raw);
    expect(calls.every(({ index, function: fn }) => index >= 0 && typeof fn.arguments === 'string')).toBe(true);
    for (const [index, name, args] of [
      [0, 'look', '{"at":"cat"}'],
      // One without arguments is none the less a call, and no text would be no JSON.
      [1, 'wait', '{}'],
    ] as const) {
      const [first, ...more] = calls.filter((each) => each.index === index);
      expect(first).toMatchObject({ id: expect.stringMatching(ids), type: 'function', function: { name } });
      for (const piece of more)
        expect(Object.keys({ ...piece, ...piece.function }).toSorted()).toEqual(['arguments', 'function', 'index']);
      expect([first, ...more].map((piece) => piece.function.arguments).join('')).toBe(args);
    }
    expect(new Set(calls.flatMap(({ id }) => id ?? [])).size).toBe(2);
    expect(reasonsOf(raw)).toEqual(['tool_calls']);
  });

  it.each([
    ['claude', message([{ type: 'tool_use', id: 'toolu_1', name: 'wait', input: {} }], 'tool_use')],
    ['llama', lastLine({ tool_calls: [{ function: { name: 'wait', arguments: {} } }] })],
  ])('3: are whole in an answer in one piece, without arguments too (%s)', async (model, body) => {
    const { choices } = await whole(model, body, { tools });
    expect(choices[0].message).toMatchObject({
      content: null,
      tool_calls: [{ id: expect.stringMatching(/./), type: 'function', function: { name: 'wait', arguments: '{}' } }],
    });
  });

  it('3: of an upstream without ids find their results again', async () => {
    const { raw } = await stream('llama', streamsLines(ofLlama), { tools });
    const [id] = callsOf(raw).map((each) => each.id);
    const made = { id, type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } };
    await whole('llama', lastLine({ content: 'A cat.' }), {
      tools,
      messages: [
        { role: 'user', content: 'Look!' },
        { role: 'assistant', content: null, tool_calls: [made] },
        { role: 'tool', tool_call_id: id, content: 'a cat' },
      ],
    });
    expect(one.asked().messages.at(-1)).toMatchObject({ role: 'tool', content: 'a cat', tool_name: 'look' });
  });
});

describe('the finish reason', () => {
  const saying = { type: 'text', text: 'Hi' };
  const using = { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'cat' } };
  const looking = { tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }] };

  it.each([
    ['end_turn', saying, 'stop'],
    ['stop_sequence', saying, 'stop'],
    ['max_tokens', saying, 'length'],
    ['model_context_window_exceeded', saying, 'length'],
    ['refusal', saying, 'content_filter'],
    ['tool_use', using, 'tool_calls'],
    ['end_turn', using, 'tool_calls'],
  ])('4: of Claude is told in OpenAI’s words: %s after %o', async (stop, content, told) => {
    expect((await whole('claude', message([content], stop))).choices[0].finish_reason).toBe(told);
    const given = named(messageStart(), ...block(0, content), ...messageEnd(stop));
    expect(reasonsOf((await stream('claude', streamsEvents(given))).raw)).toEqual([told]);
  });

  it.each([
    ['stop', { content: 'Hi' }, 'stop'],
    ['length', { content: 'Hi' }, 'length'],
    ['stop', looking, 'tool_calls'],
  ])('4: of Ollama, too: %s after %o', async (reason, said, told) => {
    expect((await whole('llama', lastLine(said, reason))).choices[0].finish_reason).toBe(told);
    const given = lines(line(said), lastLine({}, reason));
    expect(reasonsOf((await stream('llama', streamsLines(given))).raw)).toEqual([told]);
  });

  it.each(['stop', 'length', 'tool_calls', 'content_filter', 'function_call'])(
    '4: of an upstream that speaks the dialect passes as it is: %s',
    async (reason) => {
      expect((await whole('gpt', chat({ content: 'Hi' }, reason))).choices[0].finish_reason).toBe(reason);
      const given = chunks(choice({ content: 'Hi' }), choice({}, reason));
      expect((await stream('gpt', streamsEvents(given))).raw).toBe(given);
    },
  );

  // OpenAI itself says `stop` after a call that was forced, so its word is not changed.
  it('4: is tool-calls on the ledger when a call passed, whatever the upstream said', async () => {
    const given = chunks(
      choice({ tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }] }),
      choice({}, 'stop'),
    );
    const { response, raw } = await stream('gpt', streamsEvents(given));
    expect(raw).toBe(given);
    expect(await one.outcomeOf(response)).toMatchObject({ finishReason: 'tool-calls' });
  });
});

describe('the end', () => {
  it.each(UPSTREAMS)('5: is one [DONE] (%s)', async (model) => {
    const { raw } = await stream(model, HELLO[model]);
    expect(raw.split('data: [DONE]\n\n')).toHaveLength(2);
    expect(raw).toMatch(/data: \[DONE\]\n\n$/);
  });

  const finished = chunks(choice({ content: 'Hi' }), choice({}, 'stop')).replace('data: [DONE]\n\n', '');

  it('5: is supplied after a finish reason where the upstream leaves it out', async () => {
    const { response, raw } = await stream('gpt', streamsEvents(finished));
    expect(raw).toBe(`${finished}data: [DONE]\n\n`);
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', finishReason: 'stop' });
  });

  it('5: is supplied where the last event lacks its blank line', async () => {
    const { raw } = await stream('gpt', streamsEvents(finished.trimEnd()));
    expect(raw).toBe(`${finished}data: [DONE]\n\n`);
  });

  it.each([
    ['gpt', 'no more', streamsEvents(chunks(choice({ content: 'Hi' })).replace('data: [DONE]\n\n', ''))],
    ['gpt', 'its [DONE]', streamsEvents(chunks(choice({ content: 'Hi' })))],
    ['claude', 'no more', streamsEvents(named(messageStart(), ...says('Hi')))],
    ['claude', 'its message_stop', streamsEvents(named(messageStart(), ...says('Hi'), { type: 'message_stop' }))],
    ['llama', 'no more', streamsLines(lines(line({ content: 'Hi' })))],
  ])('5: does not come without a finish reason (%s, %s)', async (model, _how, behaviour) => {
    const { response, raw } = await stream(model, behaviour, counted);
    expect(textOf(raw)).toBe('Hi');
    expect(raw).not.toContain('[DONE]');
    expect(reasonsOf(raw)).toEqual([]);
    expect(dataOf(raw).at(-1).error.message).toEqual(expect.any(String));
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed' });
  });

  it.each([
    ['gpt', streamsEvents(chunks(choice({ content: 'Hi' }), choice({}, 'stop')) + chunks(choice({ content: 'more' })))],
    ['claude', streamsEvents(named(messageStart(), ...says('Hi'), ...messageEnd(), ...says('more')))],
  ])('5: is the last word (%s)', async (model, behaviour) => {
    const path = model === 'gpt' ? '/v1/chat/completions' : '/v1/messages';
    one.upstream.behave(behaviour);
    const ask = { model, stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
    const response = await one.gateway.post(path, ask);
    expect(await response.text()).not.toContain('more');
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok' });
  });

  it.each(['error', 'insufficient_system_resource', 'abort'])(
    '5: does not come after a reason that says that the answer was given up: %s',
    async (reason) => {
      const { response, raw } = await stream(
        'gpt',
        streamsEvents(chunks(choice({ content: 'Hi' }), choice({}, reason))),
      );
      expect(textOf(raw)).toBe('Hi');
      expect(raw).not.toContain('[DONE]');
      expect(reasonsOf(raw)).toEqual([]);
      expect(dataOf(raw).at(-1).error.message).toContain(reason);
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed', attempts: [{ failure: 'sick' }] });
      const ask = { model: 'gpt', stream: true, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
      const translated = await (await one.gateway.post('/v1/messages', ask)).text();
      expect(translated).toMatch(/event: error\ndata: .*\n\n$/);
      one.upstream.behave(tells(chat({ content: 'Hi' }, reason)));
      expect((await one.gateway.chat({ ...ask, stream: false })).status).toBe(502);
    },
  );

  it('5: a window that was full is a limit to callers of other dialects', async () => {
    one.upstream.behave(tells(chat({ content: 'Hi' }, 'model_length')));
    const ask = { model: 'gpt', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] };
    expect(await (await one.gateway.post('/v1/messages', ask)).json()).toMatchObject({ stop_reason: 'max_tokens' });
  });

  it('5: is no [DONE] for callers of other dialects', async () => {
    one.upstream.behave(HELLO.gpt);
    const messages = [{ role: 'user', content: 'Hi' }];
    for (const [path, body] of [
      ['/v1/messages', { max_tokens: 9, messages }],
      ['/api/chat', { messages }],
    ] as const) {
      const raw = await (await one.gateway.post(path, { model: 'gpt', stream: true, ...body })).text();
      expect(raw).toContain('there.');
      expect(raw).not.toContain('[DONE]');
    }
  });
});

describe('errors', () => {
  const words = {
    error: { message: 'temperature must be below 2', type: 'invalid_request_error', param: 'temperature', code: null },
  };
  const ofClaude = (type: string) => ({ type: 'error', error: { type, message: 'It says no' }, request_id: 'req_1' });

  it('6: of an upstream that speaks the dialect pass word for word', async () => {
    one.upstream.behave(json(JSON.stringify(words), 400));
    const response = await ask('gpt');
    expect([response.status, await response.text()]).toEqual([400, JSON.stringify(words)]);
  });

  it.each([
    ['claude', 400, ofClaude('invalid_request_error'), 400, 'invalid_request_error'],
    ['claude', 413, ofClaude('request_too_large'), 400, 'invalid_request_error'],
    ['claude', 429, ofClaude('rate_limit_error'), 429, 'rate_limit_error'],
    ['claude', 500, ofClaude('api_error'), 502, 'api_error'],
    ['claude', 529, ofClaude('overloaded_error'), 429, 'rate_limit_error'],
    ['llama', 400, { error: 'It says no' }, 400, 'invalid_request_error'],
    ['llama', 500, { error: 'It says no' }, 502, 'api_error'],
  ])('6: of %s with status %i are told in OpenAI’s envelope', async (model, status, body, told, type) => {
    one.upstream.behave(tells(body, status));
    const response = await ask(model);
    expect(response.status).toBe(told);
    const { error } = (await response.json()) as Any;
    expect(Object.keys(error)).toEqual(['message', 'type', 'param', 'code']);
    expect(error).toMatchObject({ type, param: null, code: expect.any(String) });
    expect(error.message).toContain('It says no');
  });

  it('6: of a proxy before the upstream are no envelope, and are told in one', async () => {
    one.upstream.behave((_request, response) => {
      response.writeHead(503, { 'content-type': 'text/html' });
      response.end('<html><h1>503 Service Unavailable</h1></html>');
    });
    const response = await one.gateway.chat(asking('Hi', { model: 'gpt' }));
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'application/json']);
    expect(((await response.json()) as Any).error).toMatchObject({ type: 'api_error', code: 'provider_error' });
  });

  it.each([
    ['nosuch', 404, 'not_found_error', 'model_not_found', 'model'],
    [5, 400, 'invalid_request_error', 'invalid_request', 'model'],
  ])('6: of Signalbox have it too (model %o)', async (model, status, type, code, param) => {
    const response = await one.gateway.chat(asking('Hi', { model }));
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as Any;
    expect(error).toEqual({ message: expect.any(String), type, param, code });
  });

  it.each([
    ['gpt', streamsEvents(chunks(choice({ content: 'Hi' }), { error: { message: 'It broke', code: 500 } }))],
    [
      'claude',
      streamsEvents(
        named(messageStart(), ...says('Hi'), { type: 'error', error: { type: 'api_error', message: 'It broke' } }),
      ),
    ],
    ['llama', streamsLines(lines(line({ content: 'Hi' }), { error: 'It broke' }))],
  ])('6: after the head are an event without a finish reason or [DONE] after it (%s)', async (model, behaviour) => {
    const { response, raw } = await stream(model, behaviour, counted);
    expect(response.status).toBe(200);
    expect(textOf(raw)).toBe('Hi');
    expect(raw).toMatch(/data: \{"error":[^\n]*It broke[^\n]*\}\n\n$/);
    expect(raw).not.toContain('[DONE]');
    expect(reasonsOf(raw)).toEqual([]);
  });
});
