import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { openaiChat } from '../openai-chat/codec.ts';
import { createTranscoder } from '../transcoder.ts';
import { ollama, ollamaGenerate } from './codec.ts';

const AT = '2025-05-27T22:54:57.641643Z';
const OPTIONS: EncoderOptions = {
  id: 'r1',
  model: 'up',
  createdAt: 1_700_000_000,
  inputTokens: 9,
  includeUsage: true,
};

const line = (message: object, rest: object = { done: false }) =>
  `${JSON.stringify({ model: 'qwen3', created_at: AT, message: { role: 'assistant', content: '', ...message }, ...rest })}\n`;
const last = {
  done: true,
  done_reason: 'stop',
  total_duration: 4_883_583_458,
  load_duration: 1_334_875,
  prompt_eval_count: 26,
  prompt_eval_duration: 342_546_000,
  eval_count: 282,
  eval_duration: 4_535_599_000,
};

const read = (...lines: string[]): ChatEvent[] => {
  const reader = ollama.reader();
  return [...lines.flatMap((text) => reader.read(text)), ...reader.end()];
};

function written(
  events: readonly ChatEvent[],
  options: Partial<EncoderOptions> = {},
  codec = ollama,
  routing?: unknown,
) {
  const writer = codec.writer({ ...OPTIONS, ...options });
  const parts = [...events.map((event) => writer.write(event)), writer.end(routing)];
  const bytes = Buffer.concat(parts.filter((part) => part !== undefined)).toString();
  expect(bytes.endsWith('\n')).toBe(true);
  return bytes
    .trimEnd()
    .split('\n')
    .map((text): unknown => JSON.parse(text));
}

describe('reading', () => {
  it('wire 21: text, thinking and calls, and at the end why and how much', () => {
    const events = read(
      line({ thinking: 'Toronto' }),
      line({ content: 'Let me ' }),
      line({ content: 'look.' }),
      line({ tool_calls: [{ function: { name: 'get_weather', arguments: { city: 'Toronto', unit: 'c' } } }] }),
      line({ tool_calls: [{ id: 'call_x', function: { index: 0, name: 'get_time', arguments: {} } }] }),
      line({}, last),
    );
    expect(events).toEqual([
      { type: 'response-metadata', model: 'qwen3', createdAt: Math.floor(Date.parse(AT) / 1000) },
      { type: 'reasoning-delta', delta: 'Toronto' },
      { type: 'text-delta', delta: 'Let me ' },
      { type: 'text-delta', delta: 'look.' },
      { type: 'tool-call-delta', index: 0, toolName: 'get_weather', delta: '{"city":"Toronto","unit":"c"}' },
      { type: 'tool-call-delta', index: 1, toolCallId: 'call_x', toolName: 'get_time', delta: '{}' },
      { type: 'finish', finishReason: 'tool-calls' },
      { type: 'usage', usage: { input: 26, output: 282 } },
    ]);
  });

  it('wire 21: length, load and unload, and older versions that do not say why', () => {
    const reason = (rest: object) => read(line({ content: 'x' }, { done: true, ...rest })).at(-1);
    expect(reason({ done_reason: 'length' })).toEqual({ type: 'finish', finishReason: 'length' });
    expect(reason({ done_reason: 'load' })).toEqual({ type: 'finish', finishReason: 'other' });
    expect(reason({ done_reason: 'unload' })).toEqual({ type: 'finish', finishReason: 'other' });
    expect(reason({})).toEqual({ type: 'finish', finishReason: 'stop' });
    // The last line of older versions has no message.
    expect(read('{"model":"m","created_at":"2023-08-04T08:52:19.385406455-07:00","done":true,"eval_count":2}')).toEqual(
      [
        { type: 'response-metadata', model: 'm', createdAt: 1_691_164_339 },
        { type: 'finish', finishReason: 'stop' },
        { type: 'usage', usage: { input: 0, output: 2 } },
      ],
    );
  });

  it('counts what was read from cache as a part of the input', () => {
    const { usage } = ollama.seenWhole(
      Buffer.from(line({ content: 'x' }, { ...last, prompt_eval_count: 40, prompt_eval_cached_count: 32 })),
    );
    expect(usage).toEqual({ input: 40, output: 282, cacheRead: 32 });
  });

  it('a stream without its last line is not complete', () => {
    const reader = ollama.reader();
    reader.read(line({ content: 'x' }));
    expect(reader.end()).toEqual([]);
    expect(reader.done).toBe(false);
    const tap = ollama.tap({ strip: false, trailer: () => expect.fail('not complete') });
    tap.push(Buffer.from(line({ content: 'x' })));
    tap.end();
    expect(tap.seen).toMatchObject({ done: false });
    expect(tap.seen.finishReason).toBeUndefined();
    const { failed, finishReason } = ollama.seenWhole(Buffer.from(line({ content: 'x' })));
    expect([failed?.message, finishReason]).toEqual(['the answer ended without a finish reason', undefined]);
  });

  it('wire 23: an error in the middle of a stream, with a status where there is one', () => {
    const reader = ollama.reader();
    reader.read(line({ content: 'x' }));
    expect(reader.read('{"error":"model runner has unexpectedly stopped"}')).toEqual([
      {
        type: 'error',
        message: 'model runner has unexpectedly stopped',
        status: 500,
        text: '"model runner has unexpectedly stopped"',
      },
    ]);
    expect(reader.done).toBe(false);
    expect(read('{"error":"busy","status":429}')).toMatchObject([{ type: 'error', status: 429 }]);
    expect(read('{"error":{"message":"odd"}}')).toMatchObject([{ type: 'error', message: 'odd' }]);
    expect(read('{"error":{}}')).toMatchObject([{ type: 'error', message: expect.stringContaining('error') }]);
  });

  it('takes an empty line for a sign of life, and counts what is no object', () => {
    const reader = ollama.reader();
    expect(reader.read(line({})).at(-1)).toEqual({ type: 'ping' });
    expect(reader.read('{"model":')).toEqual([]);
    expect(reader.read('[]')).toEqual([]);
    expect(reader.malformed).toBe(2);
  });

  it('reads whatever comes without failing', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), (lines, message) => {
        for (const codec of [ollama, ollamaGenerate]) {
          const reader = codec.reader();
          for (const value of lines) reader.read(JSON.stringify(value));
          reader.read(JSON.stringify({ message, response: message, tool_calls: message, done: false }));
          const whole = codec.readWhole(Buffer.from(JSON.stringify({ message, response: message, error: message })));
          expect(reader.done || whole.some(({ type }) => type === 'finish')).toBe(false);
        }
      }),
    );
  });
});

describe('writing', () => {
  const answer: ChatEvent[] = [
    { type: 'response-metadata', id: 'x', model: 'gpt', createdAt: 1_600_000_000 },
    { type: 'reasoning-delta', delta: 'hm' },
    { type: 'text-delta', delta: 'Hi' },
    { type: 'usage', usage: { input: 3, output: 2, cacheRead: 1 } },
    { type: 'finish', finishReason: 'stop' },
  ];

  it('wire 21: lines with one model and time, and all that clients read in the last', () => {
    const head = { model: 'gpt', created_at: '2020-09-13T12:26:40.000Z' };
    expect(written(answer)).toEqual([
      { ...head, message: { role: 'assistant', content: '', thinking: 'hm' }, done: false },
      { ...head, message: { role: 'assistant', content: 'Hi' }, done: false },
      {
        ...head,
        message: { role: 'assistant', content: '' },
        done: true,
        done_reason: 'stop',
        total_duration: 0,
        load_duration: 0,
        prompt_eval_count: 3,
        prompt_eval_cached_count: 1,
        prompt_eval_duration: 0,
        eval_count: 2,
        eval_duration: 0,
      },
    ]);
  });

  it('test 7: /api/generate says the same in response', () => {
    const head = { model: 'gpt', created_at: '2020-09-13T12:26:40.000Z' };
    expect(written(answer, {}, ollamaGenerate)).toMatchObject([
      { ...head, response: '', thinking: 'hm', done: false },
      { ...head, response: 'Hi', done: false },
      { ...head, response: '', done: true, done_reason: 'stop', prompt_eval_count: 3, eval_count: 2 },
    ]);
    const whole: unknown = JSON.parse(Buffer.from(ollamaGenerate.writeWhole(answer, OPTIONS)).toString());
    expect(whole).toMatchObject({ response: 'Hi', thinking: 'hm', done: true, done_reason: 'stop', total_duration: 0 });
    expect(whole).not.toHaveProperty('context');
  });

  it('test 8: echoes the model as it was asked for', () => {
    for (const requested of ['llama3.2:3b', 'ollama/gemma3:270m', 'qwen/qwen3-coder:free']) {
      for (const told of written([{ type: 'ping' }, ...answer], { requested }))
        expect(told).toMatchObject({ model: requested });
      const whole: unknown = JSON.parse(Buffer.from(ollama.writeWhole(answer, { ...OPTIONS, requested })).toString());
      expect(whole).toMatchObject({ model: requested });
    }
    expect(written(answer, { requested: '' }).at(-1)).toMatchObject({ model: 'gpt' });
    expect(written([], {}).at(-1)).toMatchObject({ model: 'up', done: true, done_reason: 'stop' });
  });

  it('test 5: a whole answer has all that its clients read', () => {
    const whole: unknown = JSON.parse(
      Buffer.from(ollama.writeWhole(answer, { ...OPTIONS, requested: 'auto' })).toString(),
    );
    expect(whole).toEqual({
      model: 'auto',
      created_at: '2020-09-13T12:26:40.000Z',
      message: { role: 'assistant', content: 'Hi', thinking: 'hm' },
      done: true,
      done_reason: 'stop',
      total_duration: 0,
      load_duration: 0,
      prompt_eval_count: 3,
      prompt_eval_cached_count: 1,
      prompt_eval_duration: 0,
      eval_count: 2,
      eval_duration: 0,
    });
  });

  it('wire 21: tells nanoseconds where somebody measured', () => {
    const readings = [120, 500];
    const elapsed = () => readings.shift() ?? 500;
    expect(written(answer, { elapsed }).at(-1)).toMatchObject({
      total_duration: 500_000_000,
      load_duration: 0,
      prompt_eval_duration: 120_000_000,
      eval_duration: 380_000_000,
    });
    const whole: unknown = JSON.parse(Buffer.from(ollama.writeWhole(answer, { ...OPTIONS, elapsed })).toString());
    expect(whole).toMatchObject({ total_duration: 500_000_000, eval_duration: 500_000_000 });
  });

  it('wire 22: tool calls come whole, in one line, with arguments as objects', () => {
    const lines = written([
      { type: 'text-delta', delta: 'Look' },
      { type: 'tool-call-delta', index: 0, toolName: 'look', delta: '' },
      { type: 'tool-call-delta', index: 1, toolCallId: 'b', toolName: 'add', delta: '{"x":' },
      { type: 'tool-call-delta', index: 0, delta: '{"id": 12345678901234567890,\n "s": "a\\nb"}' },
      { type: 'tool-call-delta', index: 1, delta: '1}' },
      { type: 'tool-call-delta', index: 2, toolName: 'none', delta: '' },
      { type: 'tool-call-delta', index: 3, toolName: 'odd', delta: '[1' },
      { type: 'finish', finishReason: 'tool-calls' },
    ]);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'call_r1_0', function: { index: 0, name: 'look', arguments: { s: 'a\nb' } } },
          { id: 'b', function: { index: 1, name: 'add', arguments: { x: 1 } } },
          { id: 'call_r1_2', function: { index: 2, name: 'none', arguments: {} } },
          { id: 'call_r1_3', function: { index: 3, name: 'odd', arguments: { arguments: '[1' } } },
        ],
      },
      done: false,
    });
    expect(lines[2]).toMatchObject({ done: true, done_reason: 'stop' });
  });

  it('keeps every digit of an argument', () => {
    const writer = ollama.writer(OPTIONS);
    writer.write({ type: 'tool-call-delta', index: 0, toolName: 'f', delta: '{"id":12345678901234567890}' });
    expect(Buffer.from(writer.end() ?? []).toString()).toContain('{"id":12345678901234567890}');
  });

  it('speaks up while long arguments are held, and forgets a call that was not told', () => {
    const writer = ollama.writer(OPTIONS);
    const piece: ChatEvent = { type: 'tool-call-delta', index: 0, toolName: 'f', delta: 'x' };
    const out = Array.from({ length: 640 }, () => writer.write(piece)).filter((bytes) => bytes !== undefined);
    expect(out).toHaveLength(10);
    expect(JSON.parse(Buffer.from(out[0] ?? []).toString())).toMatchObject({ message: { content: '' }, done: false });
    expect(writer.position).toMatchObject({ toolCalls: 0, begun: true });
    writer.end();
    expect(writer.position).toMatchObject({ toolCalls: 1 });
  });

  it('puts routing into the last line', () => {
    expect(written(answer, {}, ollama, { costUsd: 1 }).at(-1)).toMatchObject({ done: true, routing: { costUsd: 1 } });
    expect(written(answer, {}, ollama, { costUsd: 1 }).at(-2)).not.toHaveProperty('routing');
  });

  it('wire 23: nothing follows an error, and nothing looks complete', () => {
    const writer = ollama.writer(OPTIONS);
    writer.write({ type: 'text-delta', delta: 'Hi' });
    writer.write({ type: 'finish', finishReason: 'stop' });
    const error = writer.write({ type: 'error', message: 'it broke' });
    expect(Buffer.from(error ?? []).toString()).toBe('{"error":"it broke"}\n');
    expect(writer.write({ type: 'text-delta', delta: 'more' })).toBeUndefined();
    expect(writer.write({ type: 'ping' })).toBeUndefined();
    expect(writer.end({ costUsd: 1 })).toBeUndefined();
  });

  it('tells cut answers as cut, and survives a time that is none', () => {
    expect(written([{ type: 'finish', finishReason: 'length' }]).at(-1)).toMatchObject({ done_reason: 'length' });
    expect(written([{ type: 'response-metadata', createdAt: 1e20 }]).at(-1)).toMatchObject({
      created_at: '2023-11-14T22:13:20.000Z',
    });
  });

  it('wire 4: an OpenAI stream becomes lines, and lines an OpenAI stream, wherever they are cut', () => {
    const stream = [
      line({ content: 'Grüße ✓' }),
      line({ tool_calls: [{ function: { name: 'f', arguments: { x: 1 } } }] }),
      line({}, last),
    ].join('');
    const through = (bytes: Buffer, cuts: readonly number[], from: typeof ollama, to: typeof ollama) => {
      const tap = createTranscoder({ from, to, writer: OPTIONS });
      const points = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
      const out = points.slice(1).map((end, i) => tap.push(bytes.subarray(points[i], end)));
      return Buffer.concat([...out, tap.end()].filter((part) => part !== undefined));
    };
    fc.assert(
      fc.property(fc.array(fc.nat()), (cuts) => {
        const chunks = through(Buffer.from(stream), cuts, ollama, openaiChat);
        expect(chunks.toString()).toContain('"finish_reason":"tool_calls"');
        expect(chunks.toString()).toContain('"id":"call_r1_0"');
        expect(chunks.toString()).toContain('"total_tokens":308');
        const back = through(chunks, cuts, openaiChat, ollama)
          .toString()
          .trimEnd()
          .split('\n')
          .map((text): unknown => JSON.parse(text));
        expect(back).toMatchObject([
          { message: { content: 'Grüße ✓' } },
          { message: { tool_calls: [{ id: 'call_r1_0', function: { name: 'f', arguments: { x: 1 } } }] } },
          { done: true, done_reason: 'stop', prompt_eval_count: 26, eval_count: 282 },
        ]);
      }),
      { numRuns: 30 },
    );
  });
});
