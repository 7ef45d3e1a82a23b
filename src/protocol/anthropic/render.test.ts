import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatMessage, ChatPart, ChatRequest } from '../chat.ts';
import { anthropic } from './codec.ts';

interface Sent {
  readonly [name: string]: unknown;
  readonly messages: readonly { readonly role: string; readonly content: string | readonly Block[] }[];
}

interface Block {
  readonly type: string;
  readonly id?: string;
  readonly tool_use_id?: string;
  readonly text?: string;
  readonly [name: string]: unknown;
}

const parsed = (bytes: Uint8Array): Sent => JSON.parse(Buffer.from(bytes).toString());
const blocksOf = (content: string | readonly Block[]): readonly Block[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

function rendered(request: Partial<ChatRequest>) {
  const hi: ChatMessage = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };
  const { body, lost } = anthropic.render({ model: 'm', stream: false, messages: [hi], ...request });
  return { sent: parsed(body), lost };
}

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const mark = fc.option(fc.constant({ type: 'ephemeral' }), { nil: undefined });
/** An object without the fields that are undefined. */
const record = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model).map((value) => JSON.parse(JSON.stringify(value)) as object);

const text = record({ type: fc.constant('text'), text: words, cache_control: mark });
const source = fc.oneof(
  record({
    type: fc.constant('base64'),
    media_type: fc.constantFrom('image/png', 'image/webp'),
    data: fc.base64String(),
  }),
  record({ type: fc.constant('url'), url: fc.constant('https://example.com/a.png') }),
);
const image = record({ type: fc.constant('image'), source });
const document = record({
  type: fc.constant('document'),
  source: fc.oneof(
    record({ type: fc.constant('base64'), media_type: fc.constant('application/pdf'), data: fc.base64String() }),
    record({ type: fc.constant('text'), media_type: fc.constant('text/plain'), data: words }),
    record({ type: fc.constant('url'), url: fc.constant('https://example.com/a.pdf') }),
  ),
  title: fc.option(words, { nil: undefined }),
});
const thought = fc.oneof(
  record({ type: fc.constant('thinking'), thinking: words, signature: words }),
  record({ type: fc.constant('redacted_thinking'), data: words }),
);
const input = fc.dictionary(fc.string({ maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
const result = fc.oneof(
  words,
  fc.constant(undefined),
  fc.tuple(record({ type: fc.constant('text'), text: words }), image),
);

/** A user's turn, and the assistant's with calls that the next turn answers. */
const exchange = fc.record({
  user: fc.array(fc.oneof(text, image, document), { minLength: 1, maxLength: 3 }),
  thoughts: fc.array(thought, { maxLength: 2 }),
  said: text,
  inputs: fc.array(fc.tuple(input, result, fc.boolean()), { maxLength: 3 }),
});

type Exchange = typeof exchange extends fc.Arbitrary<infer T> ? T : never;

/** Valid messages: they alternate, and results stand at the head of the turn after their calls. */
function messagesOf(exchanges: readonly Exchange[], last: readonly object[]): object[] {
  let results: object[] = [];
  const turns = exchanges.flatMap(({ user, thoughts, said, inputs }, i) => {
    const head = results;
    const calls = inputs.map(([value], j) => ({ type: 'tool_use', id: `toolu_${i}_${j}`, name: 'f', input: value }));
    results = inputs.map(([, content, failed], j) => ({
      type: 'tool_result',
      tool_use_id: `toolu_${i}_${j}`,
      ...(content === undefined ? {} : { content }),
      // An error must say something.
      ...(content === undefined || !failed ? {} : { is_error: true }),
    }));
    return [
      { role: 'user', content: [...head, ...user] },
      { role: 'assistant', content: [...thoughts, said, ...calls] },
    ];
  });
  return [...turns, { role: 'user', content: [...results, ...last] }];
}

const tool = record({
  name: fc.constantFrom('f', 'g'),
  description: fc.option(words, { nil: undefined }),
  input_schema: fc.constant({ type: 'object', properties: { a: { type: 'string' } }, additionalProperties: false }),
  strict: fc.option(fc.boolean(), { nil: undefined }),
});

const choice = fc.constantFrom(
  undefined,
  { type: 'auto' },
  { type: 'any', disable_parallel_tool_use: true },
  { type: 'tool', name: 'f' },
  { type: 'none' },
);

/** Requests that an Anthropic API takes, as its documentation describes them. */
const native = fc
  .record({
    exchanges: fc.array(exchange, { maxLength: 3 }),
    last: fc.array(text, { minLength: 1, maxLength: 2 }),
    fields: record({
      model: fc.constantFrom('claude-opus-4-6', 'claude-3-7-sonnet-20250219', 'auto'),
      system: fc.oneof(fc.constant(undefined), words, fc.array(text, { minLength: 1, maxLength: 2 })),
      tools: fc.array(tool, { minLength: 1, maxLength: 2 }),
      tool_choice: choice,
      max_tokens: fc.integer({ min: 1, max: 50_000 }),
      temperature: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
      top_k: fc.option(fc.nat(), { nil: undefined }),
      stop_sequences: fc.option(fc.constant(['END']), { nil: undefined }),
      metadata: fc.option(record({ user_id: words }), { nil: undefined }),
      stream: fc.boolean(),
      output_config: fc.option(
        fc.constant({ format: { type: 'json_schema', schema: { type: 'object', additionalProperties: false } } }),
        { nil: undefined },
      ),
    }),
  })
  .map(({ exchanges, last, fields }) => ({ ...fields, messages: messagesOf(exchanges, last) }));

const atMostFourMarks = (body: object): boolean => JSON.stringify(body).split('"cache_control"').length <= 5;

describe('rendering for Anthropic', () => {
  it('says every valid request of its own again', () => {
    fc.assert(
      fc.property(native.filter(atMostFourMarks), (body) => {
        const request = anthropic.parse(body);
        const { body: bytes, lost } = anthropic.render(request);
        expect(lost).toEqual([]);
        expect(anthropic.parse(parsed(bytes))).toEqual(request);
      }),
    );
  });

  it('wire 34: keeps system as blocks in their order, with the marks where they were', () => {
    const system = [
      { type: 'text', text: 'Long rules.', cache_control: { type: 'ephemeral', ttl: '1h' } },
      { type: 'text', text: 'Today is Monday.' },
    ];
    const { body } = anthropic.render(anthropic.parse({ messages: [{ role: 'user', content: 'Hi' }], system }));
    expect(parsed(body)['system']).toEqual(system);
  });

  const id = fc.constantFrom('', 'a', 'b', 'call:1', 'functions.f:0', 'ü', 'x'.repeat(80));
  const part: fc.Arbitrary<ChatPart> = fc.oneof(
    fc.record({ type: fc.constant('text' as const), text: fc.constantFrom('', 'hi', 'so ') }),
    fc.record({ type: fc.constant('reasoning' as const), text: fc.constant('hm') }),
    fc.record({ type: fc.constant('reasoning' as const), text: fc.constant('hm'), signature: fc.constant('s') }),
    fc.record({
      type: fc.constant('tool-call' as const),
      toolCallId: id,
      toolName: fc.constantFrom('f', 'g'),
      input: fc.constantFrom('{}', '{"a":1}', '[1]', '{"half', ''),
    }),
    fc.record({
      type: fc.constant('tool-result' as const),
      toolCallId: id,
      toolName: fc.constantFrom('', 'f'),
      output: fc.constantFrom('', 'ok'),
      isError: fc.boolean(),
    }),
  );
  const message: fc.Arbitrary<ChatMessage> = fc.record({
    role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
    content: fc.array(part, { maxLength: 4 }),
  });

  it('wire 20: makes a valid conversation of any', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), (messages) => {
        const { sent } = rendered({ messages });
        const seen = new Set<string>();
        let asked: string[] = [];
        expect(sent.messages.length).toBeGreaterThan(0);
        for (const [i, { role, content }] of sent.messages.entries()) {
          expect(role).toBe(i % 2 === 0 ? 'user' : 'assistant');
          expect(content.length).toBeGreaterThan(0);
          const blocks = blocksOf(content);
          for (const block of blocks) {
            expect(block.text).not.toBe('');
            if (block.type === 'tool_use') expect(block['input']).toBeTypeOf('object');
            if (block['is_error'] === true) expect(block['content']).toBeTruthy();
          }
          const answered = blocks.flatMap(({ tool_use_id }) => tool_use_id ?? []);
          expect(answered).toEqual(asked);
          expect(blocks.slice(0, asked.length).every(({ type }) => type === 'tool_result')).toBe(true);
          asked = blocks.flatMap((block) => (block.type === 'tool_use' ? (block.id ?? '') : []));
          for (const called of asked) {
            expect(called).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
            expect(seen).not.toContain(called);
            seen.add(called);
          }
        }
        const last = sent.messages.at(-1);
        if (last?.role === 'assistant') expect(blocksOf(last.content).at(-1)?.text ?? 'x').toMatch(/\S$/);
        // What is rendered needs no more repair.
        const again = anthropic.render(anthropic.parse(sent));
        expect(parsed(again.body)).toEqual(sent);
      }),
    );
  });

  it('wire 20: gives each call the result of its own, whatever the ids are', () => {
    const call = (toolCallId: string, toolName: string): ChatPart => ({
      type: 'tool-call',
      toolCallId,
      toolName,
      input: '{}',
    });
    const told = (toolCallId: string, output: string): ChatPart => ({
      type: 'tool-result',
      toolCallId,
      toolName: '',
      output,
    });
    const { sent, lost } = rendered({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'go' }] },
        { role: 'assistant', content: [call('call:0', 'f'), call('call 0', 'g')] },
        { role: 'user', content: [{ type: 'text', text: 'quick' }] },
        { role: 'tool', content: [told('call 0', 'second')] },
        { role: 'tool', content: [told('call:0', 'first')] },
        { role: 'assistant', content: [call('call:0', 'f')] },
        { role: 'tool', content: [told('call:0', 'third')] },
        { role: 'tool', content: [told('nobody', 'stray')] },
      ],
    });
    expect(sent.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    const [, first, answers, again, rest] = sent.messages.map(({ content }) => blocksOf(content));
    expect(answers?.map(({ content, text: said }) => content ?? said)).toEqual(['first', 'second', 'quick']);
    expect(answers?.slice(0, 2).map(({ tool_use_id }) => tool_use_id)).toEqual(first?.map(({ id: own }) => own));
    expect(rest).toMatchObject([
      { tool_use_id: again?.[0]?.id, content: 'third' },
      { type: 'text', text: 'stray' },
    ]);
    expect(lost).toEqual(['messages.tool_result']);
  });

  it('declares the tools of a history whose caller offers none any more', () => {
    const { sent } = rendered({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'go' }] },
        { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 'f', input: '{}' }] },
        { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', toolName: 'f', output: 'ok' }] },
      ],
    });
    expect(sent).toMatchObject({
      tools: [{ name: 'f', input_schema: { type: 'object' } }],
      tool_choice: { type: 'none' },
    });
  });

  it('asks with its instructions when there is nothing else', () => {
    const { sent } = rendered({ messages: [{ role: 'system', content: [{ type: 'text', text: 'Tell a joke.' }] }] });
    expect(sent.messages).toEqual([{ role: 'user', content: 'Tell a joke.' }]);
    expect(sent['system']).toBeUndefined();
  });

  it('closes the objects of a schema, and of a strict tool', () => {
    const schema = { type: 'object', properties: { type: { type: 'object' } }, enum: [{ type: 'object' }] };
    const { sent } = rendered({
      responseFormat: { type: 'json', schema },
      tools: [
        { name: 'f', inputSchema: {} },
        { name: 'g', inputSchema: { properties: { a: { type: 'object' } } }, strict: true },
      ],
    });
    expect(sent['output_config']).toEqual({
      format: {
        type: 'json_schema',
        schema: {
          ...schema,
          properties: { type: { type: 'object', additionalProperties: false } },
          additionalProperties: false,
        },
      },
    });
    expect(sent['tools']).toEqual([
      { name: 'f', input_schema: { type: 'object' } },
      {
        name: 'g',
        strict: true,
        input_schema: {
          type: 'object',
          properties: { a: { type: 'object', additionalProperties: false } },
          additionalProperties: false,
        },
      },
    ]);
  });

  it('sends images by what they are, and refuses what no model here hears', () => {
    const file = (mediaType: string, data: string | URL): ChatMessage => ({
      role: 'user',
      content: [{ type: 'file', mediaType, data }],
    });
    const { sent } = rendered({
      messages: [file('image/*', '/9j/4AAQ'), file('image/jpg', 'x'), file('image/*', new URL('https://a.example/i'))],
    });
    expect(blocksOf(sent.messages[0]?.content ?? '').map((block) => block['source'])).toEqual([
      { type: 'base64', media_type: 'image/jpeg', data: '/9j/4AAQ' },
      { type: 'base64', media_type: 'image/jpeg', data: 'x' },
      { type: 'url', url: 'https://a.example/i' },
    ]);
    expect(() => rendered({ messages: [file('audio/wav', 'x')] })).toThrowError(/audio\/wav/);
  });

  it('names every setting that it cannot say', () => {
    const { sent, lost } = rendered({
      seed: 1,
      n: 2,
      presencePenalty: 0.5,
      frequencyPenalty: 0,
      responseFormat: { type: 'json' },
      stop: ['\n', 'END'],
      temperature: 1.4,
      unknown: ['logit_bias'],
    });
    expect(lost.toSorted()).toEqual(
      ['seed', 'n', 'presence_penalty', 'response_format', 'stop', 'temperature', 'logit_bias'].toSorted(),
    );
    expect(sent).toMatchObject({ stop_sequences: ['END'], temperature: 1, max_tokens: 4096 });
  });
});

describe('thinking', () => {
  const high = { reasoning: { effort: 'high' as const } };

  it.each([
    ['claude-opus-4-8', { type: 'adaptive' }, 'high'],
    ['anthropic/claude-opus-4.7', { type: 'adaptive' }, 'high'],
    ['claude-sonnet-4-6', { type: 'adaptive' }, 'high'],
    ['claude-sonnet-4-5-20250929', { type: 'enabled', budget_tokens: 16_384 }, undefined],
    ['claude-opus-4-20250514', { type: 'enabled', budget_tokens: 16_384 }, undefined],
    ['claude-3-7-sonnet-20250219', { type: 'enabled', budget_tokens: 16_384 }, undefined],
    ['kimi-k2', { type: 'enabled', budget_tokens: 16_384 }, undefined],
  ])('is asked of %s in the form that it takes', (model, thinking, effort) => {
    const { sent, lost } = rendered({ model, ...high });
    expect(sent['thinking']).toEqual(thinking);
    expect(sent['output_config']).toEqual(effort === undefined ? undefined : { effort });
    expect(sent['max_tokens']).toBe(4096 + 16_384);
    expect(lost).toEqual([]);
  });

  it('stays below max_tokens, and is left out where that leaves too little', () => {
    const budget = { reasoning: { budgetTokens: 9000 } };
    expect(rendered({ ...budget, maxOutputTokens: 5000 }).sent).toMatchObject({
      max_tokens: 5000,
      thinking: { type: 'enabled', budget_tokens: 4999 },
    });
    const { sent, lost } = rendered({ ...budget, maxOutputTokens: 1000 });
    expect(sent['thinking']).toBeUndefined();
    expect(lost).toEqual(['reasoning']);
  });

  it('is switched off where it can be', () => {
    const none = { reasoning: { effort: 'none' as const } };
    expect(rendered({ ...none, model: 'claude-opus-4-6' }).sent['thinking']).toEqual({ type: 'disabled' });
    const { sent, lost } = rendered({ ...none, model: 'claude-fable-5-1' });
    expect(sent['thinking']).toBeUndefined();
    expect(lost).toEqual(['reasoning']);
  });

  it('goes with no sampling, no forced tool, no begun answer, and no loop of tools without thoughts', () => {
    const sampled = rendered({ ...high, temperature: 0.2, topK: 5 });
    expect(sampled.lost.toSorted()).toEqual(['temperature', 'top_k']);
    expect(sampled.sent).not.toHaveProperty('temperature');
    const tools = [{ name: 'f', inputSchema: { type: 'object' } }];
    const forced = rendered({ ...high, tools, toolChoice: 'required' });
    expect(forced.sent['tool_choice']).toEqual({ type: 'any' });
    const hi: ChatMessage = { role: 'user', content: [{ type: 'text', text: 'Hi' }] };
    const begun = rendered({ ...high, messages: [hi, { role: 'assistant', content: [{ type: 'text', text: 'So' }] }] });
    const loop: ChatMessage[] = [
      hi,
      { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'a', toolName: 'f', input: '{}' }] },
      { role: 'tool', content: [{ type: 'tool-result', toolCallId: 'a', toolName: 'f', output: 'ok' }] },
    ];
    for (const { sent, lost } of [forced, begun, rendered({ ...high, tools, messages: loop })]) {
      expect(sent['thinking']).toBeUndefined();
      expect(lost).toEqual(['reasoning']);
    }
    expect(rendered({ ...high, tools, messages: loop, model: 'claude-opus-4-6' }).sent['thinking']).toEqual({
      type: 'adaptive',
    });
  });

  it('wire 20: sends signed thoughts back unchanged, and no others', () => {
    const content: ChatPart[] = [
      { type: 'reasoning', text: 'Signed.', signature: 'c2ln' },
      { type: 'reasoning', text: '', redacted: 'ZGF0YQ' },
      { type: 'reasoning', text: 'Another model’s.' },
      { type: 'reasoning', text: '', encrypted: 'b3BlbmFp', id: 'rs_1' },
      { type: 'text', text: 'Yes.' },
    ];
    const { sent, lost } = rendered({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content },
        { role: 'user', content: [{ type: 'text', text: 'Why?' }] },
      ],
    });
    expect(sent.messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Signed.', signature: 'c2ln' },
      { type: 'redacted_thinking', data: 'ZGF0YQ' },
      { type: 'text', text: 'Yes.' },
    ]);
    expect(lost).toEqual(['messages.reasoning']);
  });
});

it('sends the newest models no sampling settings, and those between only one', () => {
  const sampling = { temperature: 0.5, topP: 0.9, topK: 5 };
  const newest = rendered({ ...sampling, model: 'claude-opus-4-7' });
  expect(Object.keys(newest.sent)).toEqual(['model', 'max_tokens', 'messages']);
  expect(newest.lost).toEqual(['temperature', 'top_p', 'top_k']);
  const between = rendered({ ...sampling, model: 'claude-sonnet-4-5' });
  expect(between.sent).toMatchObject({ temperature: 0.5, top_k: 5 });
  expect(between.lost).toEqual(['top_p']);
  expect(rendered({ ...sampling, model: 'claude-sonnet-4-20250514' }).lost).toEqual([]);
});
