import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/state/conformance.ts';
import {
  answers,
  hangs,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../../mock-provider/mock-provider.ts';
import { asking, startGateway, type TestGateway } from '../../support/gateway.ts';
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

/** The data of a stream's events; `[DONE]` and comments left out. */
const dataOf = (raw: string): readonly Any[] =>
  raw.split('\n\n').flatMap((record) => {
    const data = /^data: (.*)$/m.exec(record)?.[1];
    return data === undefined || data === '[DONE]' ? [] : [JSON.parse(data)];
  });
const choicesOf = (raw: string): readonly Any[] => dataOf(raw).flatMap(({ choices = [] }) => choices);
const textOf = (raw: string): string =>
  choicesOf(raw)
    .map(({ delta }) => delta.content ?? '')
    .join('');
const callsOf = (raw: string): readonly Any[] => choicesOf(raw).flatMap(({ delta }) => delta.tool_calls ?? []);
const reasonsOf = (raw: string): readonly Any[] => choicesOf(raw).flatMap(({ finish_reason: reason }) => reason ?? []);

const block = (index: number, content: object, ...deltas: readonly object[]) => [
  { type: 'content_block_start', index, content_block: content },
  ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
  { type: 'content_block_stop', index },
];
const says = (...words: readonly string[]) =>
  block(0, { type: 'text', text: '' }, ...words.map((text) => ({ type: 'text_delta', text })));

/** As OpenAI does it: usage where it is asked for, and `usage: null` in every other chunk then. */
const gptSays =
  (...list: readonly object[]): Behaviour =>
  (request, response) => {
    const counted = JSON.parse(request.body).stream_options?.include_usage === true;
    const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
    const all = list.map((chunk) => (counted ? { ...chunk, usage: null } : chunk));
    const last = counted ? [{ ...choice({}), choices: [], usage }] : [];
    return streamsEvents(chunks(...all, ...last))(request, response);
  };

/** “Hello there.” as each upstream streams it: OpenAI's passes, the others' are translated. */
const HELLO: Readonly<Record<string, Behaviour>> = {
  gpt: gptSays(
    choice({ role: 'assistant', content: '' }),
    choice({ content: 'Hello' }),
    choice({ content: ' there.' }),
    choice({}, 'stop'),
  ),
  claude: streamsEvents(named(messageStart(), ...says('Hello', ' there.'), ...messageEnd())),
  llama: streamsLines(lines(line({ content: 'Hello' }), line({ content: ' there.' }), lastLine())),
};
const UPSTREAMS = Object.keys(HELLO);

const one = useOneUpstream();

const ask = (model: string, rest: object = {}) => one.gateway.chat(asking('Hi', { model, ...rest }));
const stream = async (model: string, behaviour: Behaviour, rest: object = {}) => {
  one.upstream.behave(behaviour);
  const response = await ask(model, { stream: true, ...rest });
  return { response, raw: await response.text() };
};
const whole = async (model: string, body: object, rest: object = {}): Promise<Any> => {
  one.upstream.behave(tells(body));
  return (await ask(model, rest)).json();
};
const counted = { stream_options: { include_usage: true } };

describe.each(UPSTREAMS)('usage (%s)', (model) => {
  it('1: arrives in one chunk of its own when it is asked for, after usage: null in all others', async () => {
    const { raw } = await stream(model, HELLO[model] ?? hangs, counted);
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
      const { response, raw } = await stream(model, HELLO[model] ?? hangs, options);
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
      expect(shapeOf((await stream(model, HELLO[model] ?? hangs, counted)).raw)).toEqual(SHAPE);
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
      (request.path.endsWith('/messages') ? cut : HELLO['gpt'])?.(request, response),
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
    const { raw } = await stream(model, HELLO[model] ?? hangs);
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

  it('5: is no [DONE] for callers of other dialects', async () => {
    one.upstream.behave(HELLO['gpt'] ?? hangs);
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

describe('what a request asks for', () => {
  const warnings = (response: Response) => (response.headers.get('x-signalbox-warnings') ?? '').split(',').toSorted();

  it('8: passes unchanged but for the model where the upstream speaks the dialect', async () => {
    const body =
      '{"model":"gpt","messages":[{"role":"developer","content":"Be brief."},{"role":"user","content":"Hi","name":"ann"}],"max_completion_tokens":9,"max_tokens":8,"temperature":0.50,"n":2,"logprobs":true,"top_logprobs":3,"response_format":{"type":"json_schema","json_schema":{"name":"x","strict":true,"schema":{}}},"future_field":{"kept":1.0}}';
    one.upstream.behave(tells(chat({ content: 'Hi' })));
    const response = await one.gateway.chat(body);
    expect(response.status).toBe(200);
    expect(one.seen()[0]?.body).toBe(body.replace('"gpt"', '"gpt-up"'));
    expect(response.headers.get('x-signalbox-warnings')).toBeNull();
  });

  it.each(['max_tokens', 'max_completion_tokens'])('8: %s limits the answer in every dialect', async (name) => {
    await whole('claude', message([]), { [name]: 9 });
    expect(one.asked().max_tokens).toBe(9);
    await whole('llama', lastLine(), { [name]: 9 });
    expect(one.asked().options.num_predict).toBe(9);
  });

  it('8: the developer’s words are the system’s', async () => {
    const messages = [
      { role: 'developer', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ];
    await whole('claude', message([]), { messages });
    expect(one.asked()).toMatchObject({ system: 'Be brief.', messages: [{ role: 'user', content: 'Hi' }] });
    await whole('llama', lastLine(), { messages });
    expect(one.asked().messages[0]).toMatchObject({ role: 'system', content: 'Be brief.' });
  });

  it('8: a strict JSON schema is one in every dialect', async () => {
    const schema = {
      type: 'object',
      properties: { city: { type: 'string' } },
      required: ['city'],
      additionalProperties: false,
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'place', strict: true, schema } };
    await whole('claude', message([]), { response_format });
    expect(one.asked().output_config.format).toEqual({ type: 'json_schema', schema });
    await whole('llama', lastLine(), { response_format });
    expect(one.asked().format).toEqual(schema);
  });

  it('8: a temperature that the model refuses is the upstream’s to refuse, or dropped with a warning', async () => {
    const words = JSON.stringify({ error: { message: "Unsupported value: 'temperature'", param: 'temperature' } });
    one.upstream.behave(json(words, 400));
    const refused = await ask('gpt', { temperature: 0.2 });
    expect([refused.status, await refused.text()]).toEqual([400, words]);

    await one.start({
      models: [{ id: 'opus', provider: 'anthropic', model: 'claude-opus-4-8', price: PRICE }],
    });
    one.upstream.behave(tells(message([{ type: 'text', text: 'Hi' }])));
    const answered = await ask('opus', { temperature: 0.2 });
    expect([answered.status, warnings(answered)]).toEqual([200, ['dropped:temperature']]);
    expect(one.asked()).not.toHaveProperty('temperature');
  });

  it.each([
    ['claude', tells(message([{ type: 'text', text: 'Hi' }])), ['seed']],
    ['llama', tells(lastLine({ content: 'Hi' })), ['user']],
  ])('8: what %s cannot be told is dropped, never without a warning', async (model, behaviour, own) => {
    one.upstream.behave(behaviour);
    const everywhere = {
      n: 2,
      logprobs: true,
      top_logprobs: 2,
      logit_bias: { 5: 1 },
      service_tier: 'flex',
      future_field: 1,
      response_format: { type: 'grammar' },
      tools: [{ type: 'custom', custom: { name: 'x' } }],
      seed: 3,
      user: 'ann',
    };
    const messages = [
      {
        role: 'user',
        name: 'ann',
        content: [
          { type: 'text', text: 'Hi' },
          { type: 'video_url', video_url: { url: 'https://x.example/v' } },
        ],
      },
    ];
    const lost = [
      'n',
      'logprobs',
      'logit_bias',
      'service_tier',
      'future_field',
      'response_format',
      'tools.custom',
      'messages.name',
      'messages.content.video_url',
      ...own,
    ];
    const response = await ask(model, { ...everywhere, messages });
    expect(response.status).toBe(200);
    expect(warnings(response)).toEqual(lost.map((path) => `dropped:${path}`).toSorted());
    expect(JSON.stringify(one.asked())).not.toMatch(/logprobs|logit_bias|future_field|"n":/);
  });

  it('8: marks for Claude’s prompt cache are carried where a caller sends them in this dialect', async () => {
    const mark = { cache_control: { type: 'ephemeral' } };
    await whole('claude', message([]), {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Long', ...mark }] }],
    });
    expect(one.asked().messages[0].content[0]).toEqual({ type: 'text', text: 'Long', ...mark });
  });
});

describe('several answers', () => {
  const of = (index: number, delta: object, finish: string | null = null) => ({
    ...choice({}),
    choices: [{ index, delta, finish_reason: finish }],
  });
  const first = [of(0, { role: 'assistant', content: 'one' }), of(0, {}, 'stop')];
  const second = [of(1, { role: 'assistant', content: 'two' }), of(1, {}, 'length')];
  const open = (list: readonly object[]) => chunks(...list).replace('data: [DONE]\n\n', '');

  it('8: pass whole in one piece', async () => {
    const both = {
      ...chat({ content: 'one' }),
      choices: ['one', 'two'].map((content, index) => ({
        index,
        message: { role: 'assistant', content },
        finish_reason: 'stop',
      })),
    };
    expect(await whole('gpt', both, { n: 2 })).toEqual(both);
  });

  it('8: pass whole, interleaved or one after the other', async () => {
    for (const list of [
      [...first, ...second],
      [first[0] ?? {}, second[0] ?? {}, second[1] ?? {}, first[1] ?? {}],
    ]) {
      const { response, raw } = await stream('gpt', gptSays(...list), { n: 2 });
      expect(raw).toBe(chunks(...list.map((chunk) => ({ ...chunk, usage: null }))));
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', usage: { output: 7 } });
    }
  });

  it('8: have not ended when the first has, and the second has not begun', async () => {
    const { response, raw } = await stream('gpt', streamsEvents(open(first)), { n: 2 });
    expect(raw.startsWith(open(first))).toBe(true);
    expect(dataOf(raw).at(-1)).toHaveProperty('error');
    expect(raw).not.toContain('[DONE]');
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed' });
  });

  it('8: have ended where a host gives fewer and says that it is done', async () => {
    const { response, raw } = await stream('gpt', streamsEvents(chunks(...first)), { n: 2 });
    expect(raw).toBe(chunks(...first));
    expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok' });
  });

  it('8: are one, the first, for a caller whose dialect has one', async () => {
    one.upstream.behave(gptSays(second[0] ?? {}, first[0] ?? {}, second[1] ?? {}, first[1] ?? {}));
    const body = { model: 'gpt', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    const raw = await (await one.gateway.post('/v1/messages', body)).text();
    expect(
      dataOf(raw)
        .map(({ delta }) => delta?.text ?? '')
        .join(''),
    ).toBe('one');
    expect(raw).toContain('"stop_reason":"end_turn"');
    expect(raw).not.toContain('max_tokens');
  });
});

describe('server-sent events', () => {
  /** The bytes in pieces of `size`, each in a turn of its own. */
  const inPieces =
    (bytes: string, size: number): Behaviour =>
    async (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const all = Buffer.from(bytes);
      for (let at = 0; at < all.length; at += size) {
        response.write(all.subarray(at, at + size));
        await turn();
      }
      response.end();
    };
  const long = 'x'.repeat(100_000);
  const text = `Grüße \u{1F600}\n${long}`;
  const list = [
    choice({ role: 'assistant', content: 'Grüße \u{1F600}\n' }),
    choice({ content: long }),
    choice({}, 'stop'),
  ];
  const plain = chunks(...list);
  /** JSON over several lines of data. */
  const spread = list
    .map(
      (chunk) =>
        `${JSON.stringify(chunk, null, 1)
          .split('\n')
          .map((each) => `data: ${each}\n`)
          .join('')}\n`,
    )
    .join('');
  const forms: readonly (readonly [string, string])[] = [
    ['plain', plain],
    ['with CRLF', plain.replaceAll('\n', '\r\n')],
    ['with comments', `: hello\n\n${plain.replaceAll('data: {', ': keep-alive\n\ndata: {')}`],
    ['with a comment inside an event', plain.replaceAll('data: {', ': keep-alive\ndata: {')],
    ['with data over several lines', `${spread}data: [DONE]\n\n`],
    ['without the space after the colon', plain.replaceAll('data: ', 'data:')],
    ['with other fields', plain.replaceAll('data: {', 'id: 1\nretry: 10\nevent: message\ndata: {')],
  ];

  it.each(forms)('10: %s pass byte by byte as they are, wherever they are cut', async (_name, bytes) => {
    for (const size of [7, 997, bytes.length]) {
      const { response, raw } = await stream('gpt', inPieces(size === 7 ? bytes.replaceAll(long, 'x') : bytes, size));
      expect(raw).toBe(size === 7 ? bytes.replaceAll(long, 'x') : bytes);
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'ok', finishReason: 'stop' });
    }
  });

  it.each(forms)('10: %s are translated alike', async (_name, bytes) => {
    const body = { model: 'gpt', max_tokens: 9, stream: true, messages: [{ role: 'user', content: 'Hi' }] };
    one.upstream.behave(inPieces(bytes, 997));
    const raw = await (await one.gateway.post('/v1/messages', body)).text();
    expect(
      dataOf(raw)
        .map(({ delta }) => delta?.text ?? '')
        .join(''),
    ).toBe(text);
    expect(raw).toContain('message_stop');
  });

  it('10: that cannot be read are a clean failure', async () => {
    const { raw } = await stream(
      'gpt',
      streamsEvents(
        `${chunks(choice({ content: 'Hi' })).replace('data: [DONE]\n\n', '')}data: {"id":"chatc\n\n${plain}`,
      ),
    );
    expect(textOf(raw)).toBe('Hi');
    expect(dataOf(raw).at(-1).error.message).toContain('cannot be read');
    expect(raw).not.toContain('[DONE]');
  });

  it('10: a sign of life of another dialect is a comment', async () => {
    const given = named(messageStart(), { type: 'ping' }, ...says('Hi'), ...messageEnd());
    const { raw } = await stream('claude', streamsEvents(given));
    expect(raw).toContain(': keep-alive\n\n');
    expect(textOf(raw)).toBe('Hi');
  });
});

describe('limits', () => {
  const clock = manualClock();
  let gateway: TestGateway;
  let small: MockProvider;
  let large: MockProvider;

  const price = { input: 1, output: 2 };
  const start = async (keys: readonly string[] = ['key-a']) => {
    small = await startMockProvider();
    large = await startMockProvider();
    gateway = await startGateway(
      {
        providers: {
          one: { kind: 'openai', baseUrl: small.baseUrl, apiKey: [...keys] },
          two: { kind: 'openai', baseUrl: large.baseUrl, apiKey: 'key-2' },
        },
        models: [
          { id: 'small', provider: 'one', model: 'up-small', price, contextWindow: 8000 },
          { id: 'same', provider: 'two', model: 'up-same', price, contextWindow: 8000 },
          { id: 'large', provider: 'two', model: 'up-large', price, contextWindow: 128_000 },
        ],
        routing: { default: 'small', strategy: 'static', fallbacks: ['same', 'large'] },
      },
      { clock },
    );
  };
  afterEach(async () => {
    await gateway.close();
    await small.close();
    await large.close();
  });
  const model = (response: Response) => response.headers.get('x-signalbox-model');
  const askAuto = (rest: object = {}) => gateway.chat(asking('Hi', rest));
  const keysOf = ({ requests }: MockProvider) => requests.map(({ headers }) => headers.authorization);
  const refusal = (code: string, words: string) =>
    JSON.stringify({ error: { message: words, type: code, param: null, code } });
  const limited = refusal('rate_limit_exceeded', 'Rate limit reached for requests');

  it.each([false, true])('7: a rate limit is waited for, and the model stays (stream: %s)', async (streams) => {
    await start();
    let refused = 0;
    small.behave((request, response) =>
      (refused++ === 0 ? json(limited, 429, { 'retry-after-ms': '5' }) : answers)(request, response),
    );
    const response = await askAuto({ stream: streams });
    expect([response.status, model(response)]).toEqual([200, 'small']);
    await response.text();
    expect(keysOf(small)).toEqual(['Bearer key-a', 'Bearer key-a']);
  });

  it('7: an account without credit is not asked again, and its model is answered with another key', async () => {
    await start(['key-a', 'key-b']);
    small.behave((request, response) =>
      (request.headers.authorization === 'Bearer key-a'
        ? json(refusal('insufficient_quota', 'You exceeded your current quota'), 429)
        : answers)(request, response),
    );
    for (let n = 0; n < 2; n++) expect(model(await askAuto())).toBe('small');
    expect(keysOf(small)).toEqual(['Bearer key-a', 'Bearer key-b', 'Bearer key-b']);
  });

  it('7: an account without credit is called once, and the next model answers', async () => {
    await start();
    small.behave(
      json(refusal('insufficient_quota', 'You exceeded your current quota'), 429, { 'retry-after-ms': '5' }),
    );
    expect(model(await askAuto())).toBe('same');
    expect(small.requests).toHaveLength(1);
  });

  it('7: a request larger than the window goes to a larger one, never to one of the same size', async () => {
    await start();
    small.behave(json(refusal('context_length_exceeded', 'maximum context length is 8000 tokens'), 400));
    expect(model(await askAuto())).toBe('large');
    expect(small.requests).toHaveLength(1);
    expect(large.requests.map(({ body }) => JSON.parse(body).model)).toEqual(['up-large']);
  });

  it('7: a request larger than every window is an error', async () => {
    await start();
    const body = refusal('context_length_exceeded', 'maximum context length is 8000 tokens');
    small.behave(json(body, 400));
    large.behave(json(refusal('context_length_exceeded', 'maximum context length is 128000 tokens'), 400));
    const response = await askAuto();
    expect([response.status, await response.text()]).toEqual([400, body]);
    expect([small.requests.length, large.requests.length]).toEqual([1, 1]);
  });

  it('7: a content policy is not routed around', async () => {
    await start();
    const body = refusal('content_policy_violation', 'Your request was rejected by our safety system');
    small.behave(json(body, 400));
    const response = await askAuto();
    expect([response.status, await response.text()]).toEqual([400, body]);
    expect(large.requests).toHaveLength(0);
  });

  it('9: rate headers come back as the upstream wrote them', async () => {
    await start();
    const headers = {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-tokens': '150000',
      'x-ratelimit-remaining-tokens': '149984',
      'x-ratelimit-reset-tokens': '20ms',
    };
    small.behave(json(JSON.stringify(chat({ content: 'Hi' })), 200, headers));
    const response = await askAuto();
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name), name).toBe(value);
  });

  it.each([
    ['requests', '6m0s', 360_000],
    ['tokens', '20ms', 20],
    ['requests', '1.5s', 1500],
  ])('9: a model with no %s left for %s is spared that long', async (kind, reset, ms) => {
    await start();
    const headers = {
      [`x-ratelimit-remaining-${kind}`]: '0',
      [`x-ratelimit-limit-${kind}`]: '60',
      [`x-ratelimit-reset-${kind}`]: reset,
    };
    small.behave(json(JSON.stringify(chat({ content: 'Hi' })), 200, headers));
    expect(model(await askAuto())).toBe('small');
    clock.advance(ms - 1);
    expect(model(await askAuto())).toBe('same');
    clock.advance(2);
    expect(model(await askAuto())).toBe('small');
  });

  it.each([
    ['seconds', () => ({ 'retry-after': '30' })],
    ['milliseconds', () => ({ 'retry-after': '1', 'retry-after-ms': '30000' })],
    ['a date', () => ({ 'retry-after': new Date(clock.now() + 30_000).toUTCString() })],
  ])('9: Retry-After in %s is obeyed, and told to the caller in whole seconds', async (_how, headersNow) => {
    await start();
    const headers = headersNow();
    small.behave(json(limited, 429, headers));
    large.behave(json(limited, 429, headers));
    const refused = await askAuto();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^(?:29|30)$/);
    expect(await refused.text()).toBe(limited);
    const calls = small.requests.length;
    clock.advance(28_000);
    expect((await askAuto()).status).toBe(503);
    expect(small.requests).toHaveLength(calls);
    clock.advance(2_001);
    small.behave(answers);
    expect(model(await askAuto())).toBe('small');
    expect(small.requests).toHaveLength(calls + 1);
  });
});
