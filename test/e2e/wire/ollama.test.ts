import { describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../../src/config/schema.ts';
import { manualClock } from '../../../src/state/conformance.ts';
import { hangs, json, type Behaviour } from '../../mock-provider/mock-provider.ts';
import {
  chat,
  choice,
  chunks,
  eventsOf,
  lastLine,
  line,
  lines,
  linesOf,
  message,
  messageEnd,
  messageStart,
  named,
  streamsEvents,
  streamsLines,
  tells,
  useOneUpstream,
} from '../../support/one-upstream.ts';

const one = useOneUpstream();

const asking = (model: string, rest: object = {}) => ({ model, messages: [{ role: 'user', content: 'Hi' }], ...rest });

/** `POST /api/chat` with an upstream that behaves so. */
const ask = (model: string, behave: Behaviour, rest: object = {}, path = '/api/chat') => {
  one.upstream.behave(behave);
  return one.gateway.post(path, asking(model, rest));
};
/** Whichever of the wires it is asked on. */
const onWire =
  (wires: { readonly ollama?: Behaviour; readonly openai?: Behaviour; readonly anthropic?: Behaviour }): Behaviour =>
  (request, response) => {
    const wire = request.path === '/api/chat' ? 'ollama' : request.path.endsWith('/messages') ? 'anthropic' : 'openai';
    return (wires[wire] ?? hangs)(request, response);
  };
const WHOLE = { stream: false };

const use = (id: string) => ({ type: 'tool_use', id, name: 'look', input: { at: 'cat' } });
const toolCall = (id: string) => ({ id, type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } });
const said = (words: string) => ({ type: 'text', text: words });

/** One answer on each wire: a thought, two pieces of text and a call, streamed and whole. */
const STREAMED = onWire({
  ollama: streamsLines(
    lines(
      line({ thinking: 'hm' }),
      line({ content: 'Hel' }),
      line({ content: 'lo' }),
      line({ tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }] }),
      lastLine(),
    ),
  ),
  openai: streamsEvents(
    chunks(
      choice({ role: 'assistant', reasoning_content: 'hm' }),
      choice({ content: 'Hel' }),
      choice({ content: 'lo' }),
      choice({ tool_calls: [{ index: 0, ...toolCall('call_1'), function: { name: 'look', arguments: '{"at":' } }] }),
      choice({ tool_calls: [{ index: 0, function: { arguments: '"cat"}' } }] }),
      choice({}, 'tool_calls'),
      { ...choice({}), choices: [], usage: { prompt_tokens: 11, completion_tokens: 7 } },
    ),
  ),
  anthropic: streamsEvents(
    named(
      messageStart(),
      { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'content_block_start', index: 1, content_block: said('') },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hel' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'lo' } },
      { type: 'content_block_stop', index: 1 },
      { type: 'content_block_start', index: 2, content_block: { ...use('call_1'), input: {} } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '{"at":' } },
      { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: '"cat"}' } },
      { type: 'content_block_stop', index: 2 },
      ...messageEnd('tool_use'),
    ),
  ),
});
const TOLD = onWire({
  ollama: tells(
    lastLine({
      thinking: 'hm',
      content: 'Hello',
      tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }],
    }),
  ),
  openai: tells(chat({ reasoning_content: 'hm', content: 'Hello', tool_calls: [toolCall('call_1')] }, 'tool_calls')),
  anthropic: tells(
    message([{ type: 'thinking', thinking: 'hm', signature: 'c2ln' }, said('Hello'), use('call_1')], 'tool_use'),
  ),
});
const MODELS = ['llama', 'gpt', 'claude'];
const NUMBERS = [
  'total_duration',
  'load_duration',
  'prompt_eval_count',
  'prompt_eval_duration',
  'eval_count',
  'eval_duration',
];

describe('an answer', () => {
  it.each(MODELS)('21: of %s streams unless told not to: lines of JSON, the last one done', async (model) => {
    const response = await ask(model, STREAMED, { think: true });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    const raw = await response.text();
    expect(raw.endsWith('\n')).toBe(true);
    const all = linesOf(raw);
    expect(all.map(({ done }) => done)).toEqual([...all.slice(1).map(() => false), true]);
    expect(all.map(({ message: { content } }) => content).join('')).toBe('Hello');
    const last = all.at(-1);
    expect(last).toMatchObject({ done_reason: 'stop', prompt_eval_count: 11, eval_count: 7 });
    for (const field of NUMBERS) expect(Number.isInteger(last[field]), field).toBe(true);
    expect(one.asked().stream).not.toBe(false);
  });

  it.each(MODELS)('21: of %s is one object when it is not to stream', async (model) => {
    const response = await ask(model, TOLD, WHOLE);
    expect(response.headers.get('content-type')).toContain('application/json');
    const body = Object(await response.json());
    expect(body).toMatchObject({
      message: { role: 'assistant', content: 'Hello' },
      done: true,
      done_reason: 'stop',
      prompt_eval_count: 11,
      eval_count: 7,
    });
    for (const field of NUMBERS) expect(Number.isInteger(body[field]), field).toBe(true);
    expect(one.asked().stream ?? false).toBe(false);
  });

  it('21: of an Ollama passes byte for byte, streamed and whole', async () => {
    const bytes = `${lines(line({ content: 'Grüße ✓' }))}\n${lines(lastLine({}, 'stop', { future: [1.0] }))}`;
    const streamed = await ask('llama', streamsLines(bytes));
    expect(await streamed.text()).toBe(bytes);
    expect((await one.outcomeOf(streamed)).usage).toEqual({ input: 11, output: 7 });
    const whole = JSON.stringify(lastLine({ content: 'Hi' }), null, 1);
    expect(await (await ask('llama', json(whole), WHOLE)).text()).toBe(whole);
  });

  it.each([
    ['gpt', { openai: [chat({ content: 'Hi' }, 'length'), chunks(choice({ content: 'Hi' }), choice({}, 'length'))] }],
    [
      'claude',
      { anthropic: [message([said('Hi')], 'max_tokens'), named(messageStart(), ...messageEnd('max_tokens'))] },
    ],
  ] as const)('21: of %s that was cut at its limit says length', async (model, wires) => {
    const [whole, stream] = Object.values(wires)[0] as readonly [object, string];
    expect(await (await ask(model, tells(whole), WHOLE)).json()).toMatchObject({ done: true, done_reason: 'length' });
    expect(linesOf(await (await ask(model, streamsEvents(stream))).text()).at(-1)).toMatchObject({
      done: true,
      done_reason: 'length',
    });
  });

  it('21: tells durations in nanoseconds', async () => {
    const clock = manualClock();
    await one.start({}, { clock });
    const slowly: Behaviour = (request, response) => {
      clock.advance(700);
      return TOLD(request, response);
    };
    expect(await (await ask('gpt', slowly, WHOLE)).json()).toMatchObject({ total_duration: 700_000_000 });
  });

  it.each([
    ['/api/chat', { messages: [] }, 'load'],
    ['/api/chat', { messages: [], keep_alive: 0 }, 'unload'],
    ['/api/generate', { messages: undefined }, 'load'],
    ['/api/generate', { messages: undefined, prompt: '', keep_alive: 0 }, 'unload'],
  ])('21: %s %j is done at once: %s', async (path, rest, reason) => {
    const response = await ask('llama', hangs, rest, path);
    expect(await response.json()).toMatchObject({ model: 'llama', done: true, done_reason: reason });
    expect(one.seen()).toEqual([]);
  });

  it('21: of /api/generate says the same in response', async () => {
    const rest = { messages: undefined, prompt: 'Hi', system: 'Be brief.', think: true };
    const all = linesOf(await (await ask('gpt', STREAMED, rest, '/api/generate')).text());
    expect(all.map(({ response }) => response).join('')).toBe('Hello');
    expect(all.at(-1)).toMatchObject({ done: true, done_reason: 'stop', eval_count: 7 });
    expect(one.asked().messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hi' },
    ]);
    // An Ollama behind it is asked through /api/chat.
    await ask('llama', TOLD, { ...rest, ...WHOLE }, '/api/generate');
    expect([one.seen().at(-1)?.path, one.asked().messages.length]).toEqual(['/api/chat', 2]);
  });
});

describe('an answer that is none', () => {
  const fallback: Partial<ConfigInput> = {
    routing: { default: 'llama', strategy: 'static', fallbacks: ['gpt'] },
    retries: { max: 1 },
  };
  const unfinished = tells({ ...line({ content: 'Hel' }), done: false });

  it.each([
    ['Ollama', (stream: boolean) => one.gateway.post('/api/chat', asking('auto', { stream }))],
    ['OpenAI', (stream: boolean) => one.gateway.chat(asking('auto', { stream }))],
  ])('21: says done: false to no client of %s: the next model answers', async (_name, post) => {
    await one.start(fallback);
    one.upstream.behave(onWire({ ollama: unfinished, openai: tells(chat({ content: 'Hello' })) }));
    const response = await post(false);
    expect(response.headers.get('x-signalbox-model')).toBe('gpt');
    expect(await response.text()).toContain('Hello');
    const { attempts } = await one.outcomeOf(response);
    // One quick retry, then the next.
    expect(attempts.map(({ failure }: { failure?: string }) => failure)).toEqual(['sick', 'sick', undefined]);
  });

  it('21: with nobody beside it is an error, streamed or not', async () => {
    for (const stream of [true, false]) {
      one.gateway.engine.runtime.memory.endCoolDowns();
      // Some answer in one piece whatever they are asked for.
      const response = await ask('llama', unfinished, { stream });
      expect([response.status, Object.keys(Object(await response.json()))]).toEqual([502, ['error']]);
      expect(await one.outcomeOf(response)).toMatchObject({ status: 'failed' });
    }
  });

  it.each([
    // Nothing has begun, so that the head can still tell who answers.
    ['nothing but the end', 'data: [DONE]\n\n', 'llama'],
    ['nothing but the role and the end', chunks(choice({ role: 'assistant', content: '' })), 'gpt'],
  ])('21: a stream that brings %s is never done', async (_name, bytes, begun) => {
    await one.start({ routing: { default: 'gpt', strategy: 'static', fallbacks: ['llama'] }, retries: { max: 1 } });
    const good = lines(line({ content: 'Hello' }), lastLine());
    one.upstream.behave(onWire({ openai: streamsEvents(bytes), ollama: streamsLines(good) }));
    const response = await one.gateway.post('/api/chat', asking('auto'));
    expect(response.headers.get('x-signalbox-model')).toBe(begun);
    const all = linesOf(await response.text());
    expect(all.map(({ message: { content } }) => content).join('')).toBe('Hello');
    expect(all.at(-1)).toMatchObject({ done: true });
    const { status, model, attempts } = await one.outcomeOf(response);
    expect([status, model, attempts[0].failure]).toEqual(['ok', 'llama', 'sick']);
  });

  it('21: a stream without its last line ends in an error', async () => {
    const raw = await (await ask('llama', streamsLines(lines(line({ content: 'Hel' }))))).text();
    const all = linesOf(raw);
    expect(all.some(({ done }) => done === true)).toBe(false);
    expect(Object.keys(all.at(-1))).toEqual(['error']);
  });
});

describe('what is said', () => {
  it.each(MODELS)('22: by %s: a call’s arguments are an object, and thinking is a field of its own', async (model) => {
    const whole = Object(await (await ask(model, TOLD, { ...WHOLE, think: true })).json());
    const all = linesOf(await (await ask(model, STREAMED, { think: true })).text());
    const calls = all.flatMap(({ message: { tool_calls = [] } }) => tool_calls);
    for (const [call] of [whole.message.tool_calls, calls]) {
      expect(call.function).toMatchObject({ name: 'look', arguments: { at: 'cat' } });
    }
    expect(calls).toHaveLength(1);
    expect(whole.message.thinking).toBe('hm');
    expect(all.map(({ message: { thinking = '' } }) => thinking).join('')).toBe('hm');
  });

  const loop = [
    { role: 'user', content: 'Look!' },
    { role: 'assistant', content: '', tool_calls: [{ function: { name: 'look', arguments: { at: 'cat' } } }] },
    { role: 'tool', tool_name: 'look', content: 'a cat' },
  ];

  it('22: a reply of a tool finds its call by the tool’s name', async () => {
    await ask('gpt', TOLD, { ...WHOLE, messages: loop });
    const [, called, told] = one.asked().messages;
    expect(called.tool_calls[0].function).toEqual({ name: 'look', arguments: '{"at":"cat"}' });
    expect(told).toEqual({ role: 'tool', tool_call_id: called.tool_calls[0].id, content: 'a cat' });
    await ask('claude', TOLD, { ...WHOLE, messages: loop });
    const [, used, result] = one.asked().messages;
    const [{ id }] = used.content;
    expect(used.content).toEqual([use(id)]);
    expect(result.content).toEqual([{ type: 'tool_result', tool_use_id: id, content: 'a cat' }]);
  });

  const PNG = 'iVBORw0KGgo=';
  const schema = { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] };

  it('22: images, think, format, options and keep_alive are read for providers of other dialects', async () => {
    const rest = {
      ...WHOLE,
      messages: [{ role: 'user', content: 'Look!', images: [PNG] }],
      think: 'low',
      format: schema,
      keep_alive: '5m',
      options: { num_ctx: 4096, num_predict: 2000, temperature: 0.5, top_p: 0.9, seed: 7, stop: ['END'] },
    };
    const asked = await ask('gpt', TOLD, rest);
    expect(one.asked()).toMatchObject({
      messages: [
        {
          content: [
            { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
            { type: 'text', text: 'Look!' },
          ],
        },
      ],
      reasoning_effort: 'low',
      response_format: { type: 'json_schema', json_schema: { schema } },
      max_completion_tokens: 2000,
      temperature: 0.5,
      top_p: 0.9,
      seed: 7,
      stop: ['END'],
    });
    expect(one.seen()[0]?.body).not.toMatch(/num_ctx|keep_alive/);
    expect(asked.headers.get('x-signalbox-warnings')).toContain('keep_alive');
    await ask('claude', TOLD, rest);
    expect(one.asked()).toMatchObject({
      messages: [{ content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } }, {}] }],
      thinking: { type: 'enabled', budget_tokens: expect.any(Number) },
      output_config: { format: { type: 'json_schema' } },
      max_tokens: 2000,
      stop_sequences: ['END'],
    });
  });

  it('22: what providers of other dialects cannot be told is named', async () => {
    const tool = { type: 'retrieval' };
    const messages = [
      { role: 'user', content: 'Draw!', priority: 1 },
      { role: 'assistant', content: 'Here.', images: [PNG] },
      { role: 'user', content: 'More!' },
    ];
    const asked = await ask('gpt', TOLD, {
      ...WHOLE,
      messages,
      tools: [tool],
      options: { top_p: 'high', mirostat: 1 },
    });
    expect(asked.headers.get('x-signalbox-warnings')?.split(',').toSorted()).toEqual(
      ['messages.file', 'messages.priority', 'options.mirostat', 'options.top_p', 'tools.retrieval'].map(
        (path) => `dropped:${path}`,
      ),
    );
  });

  it.each([
    [true, undefined],
    [false, 'none'],
    ['high', 'high'],
  ])('22: think may be %s', async (think, effort) => {
    await ask('gpt', TOLD, { ...WHOLE, think });
    // Without a level OpenAI is left to its own.
    expect(one.asked().reasoning_effort).toBe(effort);
  });

  it('22: format may be "json"', async () => {
    await ask('gpt', TOLD, { ...WHOLE, format: 'json' });
    expect(one.asked().response_format).toEqual({ type: 'json_object' });
  });

  it('22: another Ollama gets it all as it was sent, but for the model’s name', async () => {
    const body = JSON.stringify(
      asking('llama', {
        messages: loop,
        think: 'low',
        format: 'json',
        keep_alive: -1,
        options: { num_ctx: 2048, mirostat: 1, num_predict: 5 },
        future_field: 1,
      }),
      null,
      1,
    );
    one.upstream.behave(STREAMED);
    await (await one.gateway.post('/api/chat', body)).text();
    expect(one.seen()[0]?.body).toBe(body.replace('"llama"', '"llama-up"'));
  });

  it('22: an Ollama behind an OpenAI client is asked in its words, and answers in OpenAI’s', async () => {
    one.upstream.behave(TOLD);
    const response = await one.gateway.chat({
      model: 'llama',
      messages: [
        {
          role: 'user',
          content: [said('Look!'), { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }],
        },
        { role: 'assistant', content: null, tool_calls: [toolCall('call_1')] },
        { role: 'tool', tool_call_id: 'call_1', content: 'a cat' },
      ],
      reasoning_effort: 'low',
      max_completion_tokens: 9,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    });
    const asked = one.asked();
    expect(asked).toMatchObject({ model: 'llama-up', think: 'low', format: schema, options: { num_predict: 9 } });
    const [seen, called, told] = asked.messages;
    expect(seen).toEqual({ role: 'user', content: 'Look!', images: [PNG] });
    expect(called.tool_calls[0].function).toMatchObject({ name: 'look', arguments: { at: 'cat' } });
    expect(told).toMatchObject({ role: 'tool', content: 'a cat', tool_name: 'look' });
    const [answer] = Object(await response.json()).choices;
    expect(answer.message.tool_calls[0].function).toEqual({ name: 'look', arguments: '{"at":"cat"}' });
    expect(answer).toMatchObject({ finish_reason: 'tool_calls', message: { reasoning_content: 'hm' } });
  });

  it('22: an Ollama behind an Anthropic client is, too', async () => {
    one.upstream.behave(TOLD);
    const response = await one.gateway.post('/v1/messages', {
      model: 'llama',
      max_tokens: 2000,
      thinking: { type: 'enabled', budget_tokens: 1024 },
      messages: [
        { role: 'user', content: 'Look!' },
        { role: 'assistant', content: [use('call_1')] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: 'a cat' }] },
      ],
    });
    const [, called, told] = one.asked().messages;
    expect(called.tool_calls[0].function).toMatchObject({ name: 'look', arguments: { at: 'cat' } });
    expect(told).toMatchObject({ role: 'tool', content: 'a cat', tool_name: 'look' });
    const { content } = Object(await response.json());
    expect(content).toMatchObject([
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', name: 'look', input: { at: 'cat' } },
    ]);
  });
});

describe('errors', () => {
  const problem = async (response: Response) => {
    const { error, ...rest } = Object(await response.json());
    expect([typeof error, rest]).toEqual(['string', {}]);
    return response.status;
  };
  const fails = (status: number) => tells({ error: { message: 'no', type: 'x', param: null, code: null } }, status);

  it.each([
    ['gpt', 400, 400],
    ['gpt', 401, 502],
    ['gpt', 429, 429],
    ['gpt', 500, 502],
    ['claude', 504, 504],
  ])('23: of %s (%i) are a text, with status %i, streamed or not', async (model, status, told) => {
    for (const stream of [true, false]) {
      one.gateway.engine.runtime.memory.endCoolDowns();
      expect(await problem(await ask(model, fails(status), { stream }))).toBe(told);
    }
  });

  it('23: of the gateway are a text', async () => {
    expect(await problem(await one.gateway.post('/api/chat', '{"model":'))).toBe(400);
    expect(await problem(await one.gateway.post('/api/chat', { model: 'llama' }))).toBe(400);
    expect(await problem(await one.gateway.post('/api/generate', { model: 'llama', prompt: 1 }))).toBe(400);
    expect(await problem(await one.gateway.post('/api/show', { model: 'nobody' }))).toBe(404);
    expect(await problem(await one.gateway.get('/api/nothing'))).toBe(404);
  });

  it('23: of an Ollama are quoted word for word', async () => {
    const body = '{ "error":"model \\"x\\" does not support tools" }';
    const response = await ask('llama', json(body, 400));
    expect([response.status, await response.text()]).toEqual([400, body]);
  });

  it('23: in mid-stream are one line, the last', async () => {
    const cut = `data: ${JSON.stringify(choice({ content: 'Hel' }))}\n\n`;
    for (const bytes of [cut, `${cut}data: {"error":{"message":"it broke"}}\n\n`]) {
      one.gateway.engine.runtime.memory.endCoolDowns();
      const response = await ask('gpt', streamsEvents(bytes));
      const all = linesOf(await response.text());
      expect(all.map(Object.keys).at(-1)).toEqual(['error']);
      expect(typeof all.at(-1).error).toBe('string');
      expect(all.some(({ done }) => done === true)).toBe(false);
    }
  });

  it('23: of an Ollama in mid-stream are passed on, and are errors to an OpenAI client', async () => {
    const bytes = lines(line({ content: 'Hel' }), { error: 'an error was encountered while running the model' });
    expect(await (await ask('llama', streamsLines(bytes))).text()).toBe(bytes);
    one.gateway.engine.runtime.memory.endCoolDowns();
    const raw = await (await one.gateway.chat(asking('llama', { stream: true }))).text();
    expect(eventsOf(raw).at(-1)?.data.error.message).toContain('while running the model');
    expect(raw).not.toContain('[DONE]');
  });
});
