import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../errors.ts';
import type { ChatEvent, FinishReason } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { SSE } from '../framing.ts';
import { isObject, list, type JsonObject } from '../guards.ts';
import { openaiResponses } from './codec.ts';
import { PART_FORMS } from './part-forms.ts';

const OPTIONS: EncoderOptions = { id: 'r1', model: 'up', createdAt: 7, inputTokens: 9, includeUsage: true };

function joined(parts: readonly (Uint8Array | undefined)[]): Buffer {
  return Buffer.concat(parts.filter((part) => part !== undefined));
}

/** The stream of these events; with `cut`, another writer goes on after so many of them. */
function written(events: readonly ChatEvent[], cut?: number): Buffer {
  const first = openaiResponses.writer(OPTIONS);
  const before = events.slice(0, cut).map((event) => first.write(event));
  if (cut === undefined) return joined([...before, first.end()]);
  const second = openaiResponses.writer({ ...OPTIONS, id: 'r2', resume: first.position });
  return joined([...before, ...events.slice(cut).map((event) => second.write(event)), second.end()]);
}

function eventsOf(bytes: Uint8Array): JsonObject[] {
  return SSE.splitter()
    .push(bytes)
    .flatMap((record) => {
      const data = SSE.dataOf(record);
      if (data === undefined) return [];
      const event: unknown = JSON.parse(data);
      if (!isObject(event)) return [];
      expect(Buffer.from(record).toString()).toMatch(new RegExp(`^event: ${String(event['type'])}\ndata: `));
      return [event];
    });
}

function read(bytes: Uint8Array): ChatEvent[] {
  const reader = openaiResponses.reader();
  return SSE.splitter()
    .push(bytes)
    .flatMap((record) => reader.read(SSE.dataOf(record) ?? 'null'));
}

const said = (events: readonly ChatEvent[], type: 'text-delta' | 'reasoning-delta'): string =>
  events.flatMap((event) => (event.type === type ? [event.delta] : [])).join('');

function callsOf(events: readonly ChatEvent[]): { id: string | undefined; name: string | undefined; input: string }[] {
  const calls = new Map<number, { id: string | undefined; name: string | undefined; input: string }>();
  for (const event of events) {
    if (event.type !== 'tool-call-delta') continue;
    const call = calls.get(event.index) ?? { id: event.toolCallId, name: event.toolName, input: '' };
    calls.set(event.index, { ...call, input: call.input + event.delta });
  }
  return [...calls.values()];
}

const field = (event: JsonObject, name: string): JsonObject => {
  const value = event[name];
  return isObject(value) ? value : expect.fail(`${String(event['type'])} has no ${name}`);
};

/** The order that clients count on: items one after the other, parts inside them, everything ended, each with its number. */
function expectOrder(events: readonly JsonObject[]): JsonObject {
  expect(events.map(({ sequence_number: n }) => n)).toEqual(events.map((_, i) => i));
  expect(events.slice(0, 2).map(({ type }) => type)).toEqual(['response.created', 'response.in_progress']);
  const items: JsonObject[] = [];
  let open: { id: unknown; part?: { form: (typeof PART_FORMS)['refusal']; words: string; over: boolean } } | undefined;
  let args = '';
  for (const event of events.slice(2, -1)) {
    const type = String(event['type']);
    expect(event['output_index']).toBe(items.length);
    if (type === 'response.output_item.added') {
      expect(open).toBeUndefined();
      open = { id: field(event, 'item')['id'] };
      args = '';
      continue;
    }
    if (type === 'response.output_item.done') {
      const item = field(event, 'item');
      expect(item['id']).toBe(open?.id);
      expect(open?.part).toBeUndefined();
      expect(item['status']).not.toBe('in_progress');
      if (item['type'] === 'function_call') expect(item['arguments']).toBe(args);
      items.push(item);
      open = undefined;
      continue;
    }
    expect(event['item_id']).toBe(open?.id);
    const form = Object.values(PART_FORMS).find(({ added, over, delta, done }) =>
      [added, over, delta, done].includes(type),
    );
    if (open === undefined) expect.fail(`${type} outside of items`);
    else if (form === undefined) {
      expect(type).toMatch(/^response\.function_call_arguments\.(delta|done)$/);
      if (type.endsWith('delta')) args += String(event['delta']);
      else expect(event).toMatchObject({ arguments: args, name: expect.any(String) });
    } else if (type === form.added) {
      expect(open.part).toBeUndefined();
      const kind = String(field(event, 'part')['type']);
      open.part = { form: Object(PART_FORMS)[kind], words: '', over: false };
    } else if (type === form.delta && open.part !== undefined) open.part.words += String(event['delta']);
    else if (type === form.done && open.part !== undefined) {
      expect(event[form.field]).toBe(open.part.words);
      open.part.over = true;
    } else {
      expect(open.part?.over).toBe(true);
      expect(field(event, 'part')[form.field]).toBe(open.part?.words);
      delete open.part;
    }
  }
  expect(open).toBeUndefined();
  const last = events.at(-1) ?? {};
  const response = field(last, 'response');
  expect(last['type']).toBe(`response.${String(response['status'])}`);
  expect(response['output']).toEqual(items);
  expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
  return response;
}

const words = fc.string({ minLength: 1, maxLength: 8 });
const talk: fc.Arbitrary<ChatEvent> = fc.oneof(
  fc.record({ type: fc.constant('text-delta' as const), delta: words }),
  fc.record({ type: fc.constant('reasoning-delta' as const), delta: words }),
  fc.record({
    type: fc.constant('reasoning-delta' as const),
    delta: fc.constant(''),
    encrypted: words,
    id: fc.uuid().map((id) => `rs_${id}`),
  }),
  fc.constant({ type: 'reasoning-delta' as const, delta: '', redacted: 'x' }),
  fc.constant({ type: 'ping' as const }),
);

/** Parallel calls, their pieces mixed. */
const calling = fc
  .array(fc.tuple(fc.dictionary(words, fc.jsonValue()), fc.array(fc.nat(60), { maxLength: 3 })), {
    minLength: 1,
    maxLength: 3,
  })
  .chain((calls) => {
    const pieces = calls.map(([input, cuts], index) => {
      const text = JSON.stringify(input);
      const points = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
      return points.map((point, i): ChatEvent => {
        const delta = text.slice(i === 0 ? 0 : points[i - 1], point);
        const first = index === 1 ? { toolName: `f${index}` } : { toolCallId: `c${index}`, toolName: `f${index}` };
        return { type: 'tool-call-delta', index, delta, ...(i === 0 ? first : {}) };
      });
    });
    const order = pieces.flatMap((own, index) => own.map(() => index));
    return fc.shuffledSubarray(order, { minLength: order.length }).map((mixed) => {
      const queues = pieces.map((own) => [...own]);
      return mixed.flatMap((index) => queues[index]?.shift() ?? []);
    });
  });

const FINISH = ['stop', 'length', 'tool-calls', 'content-filter', 'other'] as const satisfies FinishReason[];
const ending = fc.tuple(fc.constantFrom(...FINISH), fc.nat(99)).map(([finishReason, output]): ChatEvent[] => [
  { type: 'usage', usage: { input: 5, output: 1, partial: true } },
  { type: 'finish', finishReason },
  { type: 'usage', usage: { input: 5, output, cacheRead: 2, cacheWrite: 1, reasoning: output } },
]);
const answers = fc.tuple(fc.array(talk, { maxLength: 8 }), fc.option(calling, { nil: [] }), ending);

describe('wire 11: a stream', () => {
  it('tells items in order, each complete, whatever the events and however calls are mixed', () => {
    fc.assert(
      fc.property(answers, ([talked, calls, end]) => {
        const events = [...talked, ...calls, ...end];
        const bytes = written(events);
        const response = expectOrder(eventsOf(bytes));
        const again = read(bytes);
        expect(said(again, 'text-delta')).toBe(said(events, 'text-delta'));
        expect(said(again, 'reasoning-delta')).toBe(said(events, 'reasoning-delta'));
        const synthesised = callsOf(events).map(({ id, ...call }, i) => ({
          id: id ?? expect.any(String),
          ...call,
          at: i,
        }));
        expect(callsOf(again)).toHaveLength(synthesised.length);
        for (const { at: _at, ...call } of synthesised) expect(callsOf(again)).toContainEqual(call);
        expect(bytes.toString()).not.toContain('[DONE]');
        expect(openaiResponses.readWhole(openaiResponses.writeWhole(events, OPTIONS)).at(-1)).toEqual(again.at(-1));
        expect(JSON.parse(Buffer.from(openaiResponses.writeWhole(events, OPTIONS)).toString())).toEqual(response);
      }),
    );
  });

  it('is gone on with by another writer: same id, one numbering, nothing open and nothing twice', () => {
    fc.assert(
      fc.property(answers, fc.nat(), ([talked, calls, end], at) => {
        const events = [...talked, ...calls, ...end];
        const bytes = written(events, at % (talked.length + 1));
        const response = expectOrder(eventsOf(bytes));
        expect(said(read(bytes), 'text-delta')).toBe(said(events, 'text-delta'));
        expect(said(read(bytes), 'reasoning-delta')).toBe(said(events, 'reasoning-delta'));
        expect(response['id']).toMatch(/^resp_r[12]$/);
      }),
    );
  });

  it('is gone on with where the bytes of a provider broke off', () => {
    fc.assert(
      fc.property(fc.array(talk, { maxLength: 6 }), fc.nat(), (talked, at) => {
        const whole = written(talked);
        const tap = openaiResponses.tap({ strip: false });
        const passed = tap.push(whole.subarray(0, at % whole.length));
        if (tap.position.said === '' || tap.seen.done) return;
        const second = openaiResponses.writer({ ...OPTIONS, id: 'r2', resume: tap.position });
        const bytes = joined([passed, second.write({ type: 'text-delta', delta: '!' }), second.end()]);
        const events = eventsOf(bytes);
        expect(events.map(({ sequence_number: n }) => n)).toEqual(events.map((_, i) => i));
        const added = events.filter(({ type }) => type === 'response.output_item.added');
        const done = events.filter(({ type }) => type === 'response.output_item.done');
        expect(done.map((event) => field(event, 'item')['id'])).toEqual(
          added.map((event) => field(event, 'item')['id']),
        );
        const response = field(events.at(-1) ?? {}, 'response');
        expect(response['output']).toEqual(done.map(({ item }) => item));
        expect(response).toMatchObject({ id: 'resp_r1', model: 'up', created_at: 7, status: 'completed' });
        expect(said(openaiResponses.readWhole(Buffer.from(JSON.stringify(response))), 'text-delta')).toBe(
          `${tap.position.said}!`,
        );
      }),
    );
  });

  it('closes a refusal, thoughts in full and half a call that another began', () => {
    const part = (type: string, kind: string) => ({ type, output_index: 0, content_index: 0, part: { type: kind } });
    const sent = (...events: object[]) =>
      Buffer.from(
        events.map((event, i) => `event: x\ndata: ${JSON.stringify({ ...event, sequence_number: i })}\n\n`).join(''),
      );
    const created = { type: 'response.created', response: { id: 'resp_9', model: 'm', created_at: 1 } };
    const added = (item: object) => ({ type: 'response.output_item.added', output_index: 0, item });
    const after = (...events: object[]) => {
      const tap = openaiResponses.tap({ strip: false });
      tap.push(sent(created, ...events));
      const writer = openaiResponses.writer({ ...OPTIONS, resume: tap.position });
      return eventsOf(joined([writer.write({ type: 'text-delta', delta: 'so' }), writer.end()]));
    };
    const refused = after(
      added({ id: 'msg_1', type: 'message', status: 'in_progress', role: 'assistant', content: [] }),
      part('response.content_part.added', 'refusal'),
      { type: 'response.refusal.delta', output_index: 0, content_index: 0, delta: 'No' },
    );
    expect(refused.slice(0, 3)).toMatchObject([
      { type: 'response.refusal.done', refusal: 'No', item_id: 'msg_1', sequence_number: 4 },
      { type: 'response.content_part.done', part: { type: 'refusal', refusal: 'No' } },
      { type: 'response.content_part.added', content_index: 1 },
    ]);
    const thought = after(
      added({ id: 'rs_1', type: 'reasoning', summary: [] }),
      part('response.content_part.added', 'reasoning_text'),
      { type: 'response.reasoning_text.delta', output_index: 0, content_index: 0, delta: 'hm' },
    );
    expect(thought.slice(0, 4)).toMatchObject([
      { type: 'response.reasoning_text.done', text: 'hm', item_id: 'rs_1', content_index: 0 },
      { type: 'response.content_part.done', part: { type: 'reasoning_text', text: 'hm' } },
      { type: 'response.output_item.done', item: { content: [{ text: 'hm' }], summary: [] } },
      { type: 'response.output_item.added', output_index: 1, item: { id: 'msg_9_1' } },
    ]);
    const called = after(
      added({ id: 'fc_1', type: 'function_call', status: 'in_progress', call_id: 'c', name: 'f', arguments: '' }),
      { type: 'response.function_call_arguments.delta', output_index: 0, delta: '{"a' },
    );
    expect(called.slice(0, 2)).toMatchObject([
      { type: 'response.function_call_arguments.done', name: 'f', arguments: '{"a' },
      { type: 'response.output_item.done', item: { status: 'incomplete', arguments: '{"a' } },
    ]);
  });

  it('wire 12, 14: says why it ended and what it took in its last event, with the routing', () => {
    const last = (...events: ChatEvent[]) => {
      const writer = openaiResponses.writer(OPTIONS);
      const bytes = joined([...events.map((event) => writer.write(event)), writer.end({ costUsd: 1 })]);
      return eventsOf(bytes).at(-1);
    };
    const text: ChatEvent = { type: 'text-delta', delta: 'hi' };
    const finish = (finishReason: FinishReason): ChatEvent => ({ type: 'finish', finishReason });
    expect(
      last(text, finish('stop'), { type: 'usage', usage: { input: 9, output: 4, cacheRead: 6, reasoning: 1 } }),
    ).toMatchObject({
      type: 'response.completed',
      routing: { costUsd: 1 },
      response: {
        id: 'resp_r1',
        object: 'response',
        created_at: 7,
        status: 'completed',
        model: 'up',
        error: null,
        incomplete_details: null,
        output: [{ type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'hi' }] }],
        usage: {
          input_tokens: 9,
          input_tokens_details: { cached_tokens: 6, cache_write_tokens: 0 },
          output_tokens: 4,
          output_tokens_details: { reasoning_tokens: 1 },
          total_tokens: 13,
        },
      },
    });
    expect(last(text, finish('length'))).toMatchObject({
      type: 'response.incomplete',
      response: {
        status: 'incomplete',
        incomplete_details: { reason: 'max_output_tokens' },
        output: [{ status: 'incomplete' }],
        usage: null,
      },
    });
    expect(last(finish('content-filter'))).toMatchObject({
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'content_filter' }, output: [] },
    });
    expect(last(text, finish('error'))).toMatchObject({
      type: 'response.failed',
      response: { status: 'failed', error: { code: 'server_error' } },
    });
    expect(last(text)).toMatchObject({ type: 'response.completed' });
  });

  it('ends in an error and a failed response, after which nothing follows', () => {
    const writer = openaiResponses.writer(OPTIONS);
    const bytes = joined([
      writer.write({ type: 'text-delta', delta: 'hi' }),
      writer.write({ type: 'error', message: 'slow down', status: 429 }),
      writer.write({ type: 'text-delta', delta: 'more' }),
      writer.end(),
    ]);
    const events = eventsOf(bytes);
    const told = { code: 'rate_limit_exceeded', message: 'slow down' };
    expect(events.slice(-2)).toMatchObject([
      { type: 'error', ...told, param: null, error: told, sequence_number: 5 },
      { type: 'response.failed', response: { status: 'failed', error: told, usage: null }, sequence_number: 6 },
    ]);
    expect(read(bytes).slice(-2)).toMatchObject([
      { type: 'text-delta' },
      { type: 'error', status: 429, message: 'slow down' },
    ]);
    const whole = openaiResponses.writeWhole([{ type: 'error', message: 'slow down', status: 429 }], OPTIONS);
    expect(openaiResponses.readWhole(whole)).toMatchObject([{ type: 'error', status: 429 }]);
  });

  it('numbers the error of a broken stream after what was sent', () => {
    const writer = openaiResponses.writer(OPTIONS);
    writer.write({ type: 'text-delta', delta: 'hi' });
    const error = new SignalboxError('provider_error', 'cut');
    const numberOf = (bytes: Uint8Array) => eventsOf(bytes)[0]?.['sequence_number'];
    expect(numberOf(openaiResponses.errorEvent(error, undefined, writer.position))).toBe(5);
    expect(numberOf(openaiResponses.errorEvent(error))).toBe(0);
  });

  it('does not hold back what comes in one piece after another', () => {
    const writer = openaiResponses.writer(OPTIONS);
    const types = (event: ChatEvent) => eventsOf(writer.write(event) ?? Buffer.alloc(0)).map(({ type }) => type);
    const call = (index: number, delta: string, toolName?: string): ChatEvent => ({
      type: 'tool-call-delta',
      index,
      delta,
      ...(toolName === undefined ? {} : { toolName }),
    });
    expect(types(call(0, '', 'f'))).toEqual(['response.created', 'response.in_progress', 'response.output_item.added']);
    expect(types(call(0, '{"a":'))).toEqual(['response.function_call_arguments.delta']);
    expect(types(call(1, '{}', 'g'))).toEqual([]);
    expect(types(call(0, '1}'))).toEqual([
      'response.function_call_arguments.delta',
      'response.function_call_arguments.done',
      'response.output_item.done',
      'response.output_item.added',
      'response.function_call_arguments.delta',
    ]);
    const response = field(eventsOf(writer.end() ?? Buffer.alloc(0)).at(-1) ?? {}, 'response');
    expect(list(response['output'])).toMatchObject([
      { name: 'f', call_id: 'call_r1_0', arguments: '{"a":1}', status: 'completed' },
      { name: 'g', call_id: 'call_r1_1', arguments: '{}', status: 'completed' },
    ]);
  });
});
