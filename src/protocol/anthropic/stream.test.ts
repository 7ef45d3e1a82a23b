import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../errors.ts';
import type { ChatEvent } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { collectAnswer } from '../collect.ts';
import { anthropic } from './codec.ts';

const OPTIONS: EncoderOptions = { id: 'x', model: 'm', createdAt: 1, inputTokens: 9, includeUsage: true };

interface Told {
  readonly type: string;
  readonly index?: number;
  readonly [name: string]: unknown;
}

function toldBy(bytes: Uint8Array): Told[] {
  return Buffer.from(bytes)
    .toString()
    .split('\n\n')
    .filter((record) => record !== '')
    .map((record) => {
      const [name, data] = record.split('\n');
      const told: Told = JSON.parse(data?.slice('data: '.length) ?? '');
      expect(name).toBe(`event: ${told.type}`);
      return told;
    });
}

function written(events: readonly ChatEvent[], options: Partial<EncoderOptions> = {}): Buffer {
  const writer = anthropic.writer({ ...OPTIONS, ...options });
  return Buffer.concat(
    [...events.map((event) => writer.write(event)), writer.end()].filter((part) => part !== undefined),
  );
}

const stream = (...events: readonly Told[]): Buffer =>
  Buffer.from(events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''));

function readAll(bytes: Buffer): ChatEvent[] {
  const reader = anthropic.reader();
  const records = bytes.toString().split('\n\n').filter(Boolean);
  return [...records.flatMap((record) => reader.read(record.slice(record.indexOf('data: ') + 6))), ...reader.end()];
}

/** The grammar of wire 15: blocks one at a time, counted from 0, between a message's start and its end. */
function expectWellFormed(told: readonly Told[]): void {
  let open = false;
  let blocks = 0;
  const rest = told.filter(({ type }) => type !== 'ping');
  expect(rest[0]?.type).toBe('message_start');
  expect(rest.slice(-2).map(({ type }) => type)).toEqual(['message_delta', 'message_stop']);
  for (const { type, index } of rest.slice(1, -2)) {
    expect(open).toBe(type !== 'content_block_start');
    expect(type).toMatch(/^content_block_/);
    if (type === 'content_block_start') open = true;
    if (type === 'content_block_stop') open = false;
    expect(index).toBe(blocks);
    if (type === 'content_block_stop') blocks++;
  }
  expect(open).toBe(false);
}

const call = (index: number, delta: string, name?: string): ChatEvent =>
  name === undefined
    ? { type: 'tool-call-delta', index, delta }
    : { type: 'tool-call-delta', index, delta, toolCallId: `c${index}`, toolName: name };

describe('writing a stream', () => {
  it('wire 15: loses nothing of calls that come in pieces of each, nor of what is said between', () => {
    const inputs = ['{"a":"}\\"{"}', '{"b":[{}]}', '', '{"half"'];
    const pieces = fc.tuple(...inputs.map((input) => fc.array(fc.nat(input.length), { maxLength: 3 })));
    fc.assert(
      fc.property(pieces, fc.infiniteStream(fc.nat(4)), (cuts, order) => {
        const queues = inputs.map((input, index) => {
          const points = [0, ...(cuts[index] ?? []).toSorted((a, b) => a - b), input.length];
          return points.slice(1).map((end, i) => call(index, input.slice(points[i], end), i === 0 ? 'f' : undefined));
        });
        const said: ChatEvent[] = ['So', ' it', ' is'].map((delta) => ({ type: 'text-delta', delta }));
        queues.push(said);
        const events: ChatEvent[] = [];
        for (let i = 0; queues.some((queue) => queue.length > 0); i++) {
          const pick = order.next().value ?? 0;
          const next = (queues[pick]?.length ?? 0) > 0 ? queues[pick] : queues.find((queue) => queue.length > 0);
          const event = next?.shift();
          if (event !== undefined) events.push(event);
        }
        const bytes = written([...events, { type: 'finish', finishReason: 'tool-calls' }]);
        expectWellFormed(toldBy(bytes));
        const answer = collectAnswer(readAll(bytes));
        expect(answer.text).toBe('So it is');
        const calls = new Map(answer.toolCalls.map(({ toolCallId, input }) => [toolCallId, input]));
        expect(calls).toEqual(new Map(inputs.map((input, i) => [`c${i}`, input === '' ? '{}' : input])));
      }),
    );
  });

  it('tells the next call at once when the one before is whole', () => {
    const writer = anthropic.writer(OPTIONS);
    writer.write(call(0, '{"a":{}}', 'f'));
    expect(toldBy(writer.write(call(1, '{', 'g')) ?? Buffer.alloc(0)).map(({ type }) => type)).toEqual([
      'content_block_stop',
      'content_block_start',
      'content_block_delta',
    ]);
  });

  it('wire 38: says that it lives while something waits', () => {
    const writer = anthropic.writer(OPTIONS);
    writer.write(call(0, '{', 'f'));
    expect(toldBy(writer.write(call(1, '{', 'g')) ?? Buffer.alloc(0))).toEqual([{ type: 'ping' }]);
    expect(toldBy(writer.write({ type: 'ping' }) ?? Buffer.alloc(0))).toEqual([{ type: 'ping' }]);
  });

  it('wire 15: begins with who answers and an estimate of the input', () => {
    const [start] = toldBy(
      written([
        { type: 'response-metadata', id: 'chatcmpl-1', model: 'gpt' },
        { type: 'text-delta', delta: 'Hi' },
      ]),
    );
    expect(start).toEqual({
      type: 'message_start',
      message: {
        id: 'msg_chatcmpl-1',
        type: 'message',
        role: 'assistant',
        model: 'gpt',
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 9, output_tokens: 0 },
      },
    });
  });

  it('wire 20: signs thoughts in blocks of their own', () => {
    const bytes = written([
      { type: 'reasoning-delta', delta: 'One' },
      { type: 'reasoning-delta', delta: '.', signature: 's1' },
      { type: 'reasoning-delta', delta: '', redacted: 'r1' },
      { type: 'reasoning-delta', delta: '', encrypted: 'openai', id: 'rs_1' },
      { type: 'reasoning-delta', delta: 'Two', signature: 's2' },
      { type: 'text-delta', delta: 'So.' },
    ]);
    expectWellFormed(toldBy(bytes));
    expect(collectAnswer(readAll(bytes)).reasoningParts).toEqual([
      { text: 'One.', signature: 's1' },
      { text: '', redacted: 'r1' },
      { text: 'Two', signature: 's2' },
    ]);
    const deltas = toldBy(bytes).flatMap(({ delta }) => (delta === undefined ? [] : [Object(delta).type]));
    expect(deltas).toEqual([
      'thinking_delta',
      'thinking_delta',
      'signature_delta',
      'thinking_delta',
      'signature_delta',
      'text_delta',
      undefined,
    ]);
  });

  it('wire 17: tells why it ended, and of tools that were called whatever the upstream said', () => {
    const reason = (...events: ChatEvent[]) =>
      toldBy(written(events)).find(({ type }) => type === 'message_delta')?.['delta'];
    const told = (stop_reason: string, stop_sequence: string | null = null) => ({ stop_reason, stop_sequence });
    expect(reason()).toEqual(told('end_turn'));
    expect(reason({ type: 'finish', finishReason: 'length' })).toEqual(told('max_tokens'));
    expect(reason({ type: 'finish', finishReason: 'content-filter' })).toEqual(told('refusal'));
    expect(reason({ type: 'finish', finishReason: 'stop', stopSequence: 'END' })).toEqual(told('stop_sequence', 'END'));
    expect(reason(call(0, '{}', 'f'), { type: 'finish', finishReason: 'stop' })).toEqual(told('tool_use'));
  });

  it('gives calls without ids their own, which stay apart when another upstream goes on', () => {
    const anonymous = (name: string): ChatEvent => ({ type: 'tool-call-delta', index: 0, toolName: name, delta: '{}' });
    const first = anthropic.writer(OPTIONS);
    const before = first.write(anonymous('f')) ?? Buffer.alloc(0);
    const second = anthropic.writer({ ...OPTIONS, resume: first.position });
    const bytes = Buffer.concat([
      before,
      second.write(anonymous('g')) ?? Buffer.alloc(0),
      second.end() ?? Buffer.alloc(0),
    ]);
    expectWellFormed(toldBy(bytes));
    expect(collectAnswer(readAll(bytes)).toolCalls.map(({ toolCallId }) => toolCallId)).toEqual([
      'toolu_x_0',
      'toolu_x_1',
    ]);
  });

  it('wire 18: says what kind of error broke it, and nothing after', () => {
    const writer = anthropic.writer(OPTIONS);
    writer.write({ type: 'text-delta', delta: 'Hal' });
    const bytes = writer.write({ type: 'error', message: 'busy', status: 529 }) ?? Buffer.alloc(0);
    expect(toldBy(bytes)).toEqual([{ type: 'error', error: { type: 'overloaded_error', message: 'busy' } }]);
    expect(writer.end({ costUsd: 1 })).toBeUndefined();
  });

  it('does not go on with thoughts that another model began', () => {
    const first = anthropic.writer(OPTIONS);
    const before = first.write({ type: 'reasoning-delta', delta: 'One' }) ?? Buffer.alloc(0);
    const second = anthropic.writer({ ...OPTIONS, resume: first.position });
    const after = second.write({ type: 'reasoning-delta', delta: 'Two', signature: 's2' }) ?? Buffer.alloc(0);
    const bytes = Buffer.concat([before, after, second.end() ?? Buffer.alloc(0)]);
    expectWellFormed(toldBy(bytes));
    const thoughts = toldBy(bytes).filter(({ delta }) => Object(delta).type === 'thinking_delta');
    expect(thoughts.map(({ index }) => index)).toEqual([0, 1]);
  });
});

describe('a strict client', () => {
  const events: ChatEvent[] = [
    { type: 'reasoning-delta', delta: 'hm' },
    { type: 'text-delta', delta: 'Hel' },
    { type: 'tool-call-delta', index: 0, toolCallId: 'functions.f:0', toolName: 'f', delta: '{"half' },
    { type: 'text-delta', delta: 'lo' },
    { type: 'usage', usage: { input: 5, output: 3, cacheRead: 0, reasoning: 0 } },
    { type: 'finish', finishReason: 'length' },
  ];

  it('that asked for no thoughts gets text, tools, a reason and two counts', () => {
    const whole = JSON.parse(Buffer.from(anthropic.writeWhole(events, { ...OPTIONS, reasoning: false })).toString());
    expect(whole.content).toEqual([
      { type: 'text', text: 'Hello' },
      { type: 'tool_use', id: expect.stringMatching(/^[\w-]+$/), name: 'f', input: { invalid_json: '{"half' } },
    ]);
    expect(whole.stop_reason).toBe('max_tokens');
    expect(whole.usage).toEqual({ input_tokens: 5, output_tokens: 3 });
    const told = toldBy(written(events, { reasoning: false }));
    expectWellFormed(told);
    expect(told[0]).toEqual({ type: 'ping' });
    expect(JSON.stringify(told)).not.toContain('thinking');
  });

  it('always gets a block, a reason and counts', () => {
    const whole = JSON.parse(Buffer.from(anthropic.writeWhole([], OPTIONS)).toString());
    expect(whole).toMatchObject({
      content: [{ type: 'text', text: '' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 9, output_tokens: 0 },
    });
  });
});

const start = {
  type: 'message_start',
  message: { id: 'msg_1', model: 'c', usage: { input_tokens: 3, output_tokens: 1 } },
};
const end = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 8 } };

describe('reading a stream', () => {
  it('wire 15: reads pings, empty pieces and kinds of block and delta that it does not know', () => {
    const events = readAll(
      stream(
        start,
        { type: 'ping' },
        {
          type: 'content_block_start',
          index: 0,
          content_block: { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
        },
        { type: 'content_block_delta', index: 0, delta: { type: 'input_json_delta', partial_json: '{"query":"x"}' } },
        { type: 'content_block_stop', index: 0 },
        {
          type: 'content_block_start',
          index: 1,
          content_block: { type: 'tool_use', id: 'toolu_1', name: 'f', input: {} },
        },
        { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '' } },
        { type: 'content_block_delta', index: 1, delta: { type: 'input_json_delta', partial_json: '{}' } },
        { type: 'content_block_stop', index: 1 },
        { type: 'content_block_start', index: 2, content_block: { type: 'text', text: '' } },
        { type: 'content_block_delta', index: 2, delta: { type: 'citations_delta', citation: {} } },
        { type: 'content_block_delta', index: 2, delta: { type: 'text_delta', text: 'Hi' } },
        { type: 'content_block_stop', index: 2 },
        { type: 'something_new' },
        end,
        { type: 'message_stop' },
      ),
    );
    expect(events).toEqual([
      { type: 'response-metadata', id: 'msg_1', model: 'c' },
      { type: 'usage', usage: { input: 3, output: 1, partial: true } },
      { type: 'ping' },
      { type: 'tool-call-delta', index: 0, toolCallId: 'toolu_1', toolName: 'f', delta: '' },
      { type: 'tool-call-delta', index: 0, delta: '{}' },
      { type: 'text-delta', delta: 'Hi' },
      // Hosts that speak this dialect forget what they called.
      { type: 'finish', finishReason: 'tool-calls' },
      { type: 'usage', usage: { input: 3, output: 8 } },
    ]);
  });

  it('wire 16: takes the cache by lifetime, the thoughts, and the last count of each', () => {
    const events = readAll(
      stream(
        {
          type: 'message_start',
          message: {
            usage: {
              input_tokens: 0,
              cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
              output_tokens: 1,
            },
          },
        },
        { ...end, usage: { input_tokens: 5, cache_read_input_tokens: 100, output_tokens: 5 } },
        {
          type: 'message_delta',
          delta: { stop_reason: 'end_turn' },
          usage: { output_tokens: 50, output_tokens_details: { thinking_tokens: 40 } },
        },
      ),
    );
    expect(events.filter(({ type }) => type === 'finish')).toHaveLength(1);
    expect(events.at(-1)).toEqual({
      type: 'usage',
      usage: { input: 135, output: 50, cacheRead: 100, cacheWrite: 30, cacheWriteHour: 20, reasoning: 40 },
    });
  });

  it.each([
    ['overloaded_error', 529],
    ['rate_limit_error', 429],
    ['billing_error', 402],
    ['authentication_error', 401],
    ['timeout_error', 504],
    ['brand_new_error', 500],
  ])('wire 18: knows %s for %i', (type, status) => {
    const [event] = readAll(stream({ type: 'error', error: { type, message: 'no' } }));
    expect(event).toEqual({ type: 'error', message: 'no', status, text: JSON.stringify({ type, message: 'no' }) });
  });

  it('counts what is no event, and is done at message_stop only', () => {
    const reader = anthropic.reader();
    for (const data of ['{"half', '[]', '"x"', '[DONE]']) expect(reader.read(data)).toEqual([]);
    expect(reader.malformed).toBe(4);
    reader.read(JSON.stringify(end));
    expect(reader.done).toBe(false);
    reader.read('{"type":"message_stop"}');
    expect(reader.done).toBe(true);
  });

  it('is somewhere that nobody can go on from inside a server’s tool', () => {
    const reader = anthropic.reader();
    reader.read(JSON.stringify(start));
    reader.read('{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use"}}');
    expect(reader.position).toMatchObject({ id: 'msg_1', model: 'c', blocks: 1, open: 'tool-call', toolCalls: 0 });
    reader.read('{"type":"content_block_stop","index":0}');
    expect(reader.position.open).toBeUndefined();
  });
});

describe('passing a stream on', () => {
  const text = [
    start,
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
    { type: 'content_block_stop', index: 0 },
    end,
  ];

  it('wire 38: relays comments and pings, and puts routing into message_stop', () => {
    const bytes = Buffer.concat([
      Buffer.from(': alive\n\n'),
      stream(...text, { type: 'ping' }, { type: 'message_stop' }),
    ]);
    const tap = anthropic.tap({ strip: false, trailer: () => ({ costUsd: 1 }) });
    const passed = Buffer.concat([tap.push(bytes), tap.end()].filter((part) => part !== undefined)).toString();
    expect(passed).toBe(bytes.toString().replace('"message_stop"}', '"message_stop","routing":{"costUsd":1}}'));
  });

  it('ends what has its stop reason and lacks message_stop, and nothing else', () => {
    const tap = anthropic.tap({ strip: false, trailer: () => ({ costUsd: 1 }) });
    tap.push(stream(...text));
    expect(toldBy(tap.end() ?? Buffer.alloc(0))).toEqual([{ type: 'message_stop', routing: { costUsd: 1 } }]);
    const cut = anthropic.tap({ strip: false });
    cut.push(stream(...text.slice(0, 3)));
    expect(cut.end()).toBeUndefined();
    // An end that does not say why is how a cut answer looks.
    expect(cut.push(stream({ type: 'message_stop' }))).toBeUndefined();
    expect(cut).toMatchObject({ seen: { done: false, failed: { status: 500 } }, withheld: undefined });
  });
});

describe('whole answers', () => {
  it('wire 20: keep every block in its place', () => {
    const answer = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'c',
      content: [
        { type: 'thinking', thinking: 'Hm.', signature: 's' },
        { type: 'redacted_thinking', data: 'r' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: 1 } },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 2, cache_read_input_tokens: 7 },
    };
    const events = anthropic.readWhole(Buffer.from(JSON.stringify(answer)));
    expect(JSON.parse(Buffer.from(anthropic.writeWhole(events, OPTIONS)).toString())).toEqual(answer);
  });

  it('wire 18: errors have Anthropic’s envelope, and details to branch on', () => {
    const error = new SignalboxError('model_not_found', 'no model x', { param: 'model' });
    expect(JSON.parse(Buffer.from(anthropic.error(error)).toString())).toEqual({
      type: 'error',
      error: {
        type: 'not_found_error',
        message: 'no model x',
        details: { error_code: 'model_not_found', param: 'model' },
      },
    });
    expect(anthropic.readWhole(Buffer.from('{"error":null,"content":[],"stop_reason":"end_turn"}'))).not.toContainEqual(
      expect.objectContaining({ type: 'error' }),
    );
  });
});
