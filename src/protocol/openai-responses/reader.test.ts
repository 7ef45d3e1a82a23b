import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat.ts';
import { openaiResponses } from './codec.ts';

const response = (fields: object) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 7.5,
  model: 'm',
  output: [],
  ...fields,
});
const created = { type: 'response.created', response: response({ status: 'in_progress', usage: null, error: null }) };
const completed = (fields: object = {}) => ({
  type: 'response.completed',
  response: response({ status: 'completed', error: null, ...fields }),
});
const added = (at: number, item: object) => ({ type: 'response.output_item.added', output_index: at, item });
const done = (at: number, item: object) => ({ type: 'response.output_item.done', output_index: at, item });
const piece = (type: string, at: number, delta: string) => ({
  type: `response.${type}.delta`,
  output_index: at,
  delta,
});

function reader() {
  const own = openaiResponses.reader();
  return {
    own,
    read: (...events: (object | string)[]): ChatEvent[] =>
      events.flatMap((event) => own.read(typeof event === 'string' ? event : JSON.stringify(event))),
  };
}

const METADATA = { type: 'response-metadata', id: 'resp_1', model: 'm', createdAt: 7 };

describe('wire 11: a stream that is read', () => {
  it('tells thoughts, words and parallel calls, whichever item the pieces are of', () => {
    const { own, read } = reader();
    const call = (id: string, name: string) => ({
      type: 'function_call',
      id: `fc_${id}`,
      call_id: id,
      name,
      arguments: '',
    });
    const events = read(
      { type: 'response.queued', response: response({ status: 'queued' }) },
      created,
      added(0, { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'begun' }),
      {
        type: 'response.reasoning_summary_part.added',
        output_index: 0,
        summary_index: 0,
        part: { type: 'summary_text', text: '' },
      },
      piece('reasoning_summary_text', 0, 'one'),
      {
        type: 'response.reasoning_summary_part.added',
        output_index: 0,
        summary_index: 1,
        part: { type: 'summary_text', text: '' },
      },
      piece('reasoning_summary_text', 0, 'two'),
      done(0, {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ text: 'one' }, { text: 'two' }],
        encrypted_content: 'proof',
      }),
      { type: 'response.web_search_call.searching', output_index: 1, item_id: 'ws_1' },
      added(2, { type: 'message', id: 'msg_1', role: 'assistant', content: [] }),
      {
        type: 'response.content_part.added',
        output_index: 2,
        content_index: 0,
        part: { type: 'output_text', text: '' },
      },
      { ...piece('output_text', 2, 'hi'), obfuscation: 'xyz' },
      { type: 'keepalive', sequence_number: 90 },
      added(3, call('a', 'f')),
      added(4, call('b', 'g')),
      piece('function_call_arguments', 3, '{"x"'),
      piece('function_call_arguments', 4, '{}'),
      piece('function_call_arguments', 3, ':1}'),
      done(3, { ...call('a', 'f'), arguments: '{"x":1}' }),
      done(4, { ...call('b', 'g'), arguments: '{}' }),
      'not json',
      '[DONE]',
    );
    expect(events).toEqual([
      METADATA,
      { type: 'reasoning-delta', delta: 'one', id: 'rs_1' },
      { type: 'reasoning-delta', delta: '\n\n' },
      { type: 'reasoning-delta', delta: 'two' },
      { type: 'reasoning-delta', delta: '', encrypted: 'proof', id: 'rs_1' },
      { type: 'text-delta', delta: 'hi' },
      { type: 'ping' },
      { type: 'tool-call-delta', index: 0, toolCallId: 'a', toolName: 'f', delta: '' },
      { type: 'tool-call-delta', index: 1, toolCallId: 'b', toolName: 'g', delta: '' },
      { type: 'tool-call-delta', index: 0, delta: '{"x"' },
      { type: 'tool-call-delta', index: 1, delta: '{}' },
      { type: 'tool-call-delta', index: 0, delta: ':1}' },
    ]);
    expect(own).toMatchObject({ done: false, malformed: 1 });
    expect(own.position).toMatchObject({
      id: 'resp_1',
      said: 'hi',
      toolCalls: 2,
      blocks: 5,
      sequence: 91,
      begun: true,
    });
    expect(
      read(
        completed({
          usage: {
            input_tokens: 9,
            input_tokens_details: { cached_tokens: 4 },
            output_tokens: 3,
            output_tokens_details: { reasoning_tokens: 1 },
          },
        }),
      ),
    ).toEqual([
      { type: 'finish', finishReason: 'tool-calls' },
      { type: 'usage', usage: { input: 9, output: 3, cacheRead: 4, reasoning: 1 } },
    ]);
    expect(own.done).toBe(true);
  });

  it('tells what hosts say in one piece, once', () => {
    const message = { type: 'message', id: 'msg_1', content: [{ type: 'output_text', text: 'hi' }] };
    const call = { type: 'function_call', call_id: 'a', name: 'f', arguments: '{"x":1}' };
    const thought = { type: 'reasoning', id: 'rs_1', summary: [], content: [{ type: 'reasoning_text', text: 'hm' }] };
    const said = [
      { type: 'reasoning-delta', delta: 'hm' },
      { type: 'text-delta', delta: 'hi' },
      { type: 'tool-call-delta', index: 0, toolCallId: 'a', toolName: 'f', delta: '' },
      { type: 'tool-call-delta', index: 0, delta: '{"x":1}' },
      { type: 'finish', finishReason: 'tool-calls' },
    ];
    const items = [thought, message, call];
    // Only at the end of each item, only at the end of all, and both.
    const perItem = reader();
    expect(perItem.read(created, ...items.map((item, at) => done(at, item)), completed({ output: items }))).toEqual([
      METADATA,
      ...said,
    ]);
    expect(perItem.own.position.said).toBe('hi');
    expect(reader().read(completed({ output: items }))).toEqual([METADATA, ...said]);
    // Without places, and arguments that came in part.
    const { read } = reader();
    expect(
      read(
        created,
        { type: 'response.output_item.added', item: { ...call, arguments: '' } },
        { type: 'response.function_call_arguments.delta', delta: '{"x"' },
        { type: 'response.output_item.done', item: call },
        completed({ output: [call] }),
      ).slice(1),
    ).toEqual([
      said[2],
      { type: 'tool-call-delta', index: 0, delta: '{"x"' },
      { type: 'tool-call-delta', index: 0, delta: ':1}' },
      said[4],
    ]);
  });

  it('wire 14: an end that is none is told as what it is', () => {
    const incomplete = (reason: string) => ({
      type: 'response.incomplete',
      response: response({
        status: 'incomplete',
        incomplete_details: { reason },
        usage: { input_tokens: 1, output_tokens: 2 },
      }),
    });
    expect(reader().read(created, incomplete('max_output_tokens')).slice(1)).toEqual([
      { type: 'finish', finishReason: 'length' },
      { type: 'usage', usage: { input: 1, output: 2 } },
    ]);
    expect(reader().read(created, incomplete('content_filter'))[1]).toEqual({
      type: 'finish',
      finishReason: 'content-filter',
    });
    expect(reader().read(created, incomplete('max_tool_calls'))[1]).toEqual({ type: 'finish', finishReason: 'length' });
    const failed = reader();
    expect(
      failed
        .read(
          created,
          {
            type: 'response.failed',
            response: response({ status: 'failed', error: { code: 'rate_limit_exceeded', message: 'slow down' } }),
          },
          piece('output_text', 0, 'more'),
        )
        .slice(1),
    ).toEqual([
      {
        type: 'error',
        message: 'slow down',
        status: 429,
        text: '{"code":"rate_limit_exceeded","message":"slow down"}',
      },
    ]);
    expect(failed.own.done).toBe(false);
  });

  it('reads errors in the documented form and in the one that is sent', () => {
    const status = (event: object) => reader().read(event)[0];
    expect(status({ type: 'error', code: 'server_error', message: 'oh', param: null, sequence_number: 1 })).toEqual({
      type: 'error',
      message: 'oh',
      status: 500,
      text: '{"code":"server_error","message":"oh","param":null}',
    });
    const nested = { type: 'tokens', code: 'rate_limit_exceeded', message: 'slow down', param: null };
    expect(status({ type: 'error', error: nested, sequence_number: 2 })).toMatchObject({
      status: 429,
      message: 'slow down',
    });
    expect(
      status({ type: 'error', error: { type: 'service_unavailable_error', code: null, message: 'x' } }),
    ).toMatchObject({ status: 503 });
    expect(
      status({
        type: 'error',
        error: { type: 'invalid_request_error', code: 'context_length_exceeded', message: 'x' },
      }),
    ).toMatchObject({ status: 400 });
    expect(status({ type: 'error', code: 'invalid_image_format', message: 'x' })).toMatchObject({ status: 400 });
    expect(status({ type: 'error', code: 529, message: 'x' })).toMatchObject({ status: 529 });
    expect(status({ error: { message: 'x', code: 503 } })).toMatchObject({ status: 503, message: 'x' });
    expect(status({ type: 'response.cancelled', response: response({ status: 'cancelled' }) })).toMatchObject({
      type: 'response-metadata',
    });
  });

  it('a refusal is text that a filter ended', () => {
    const { read } = reader();
    expect(
      read(
        created,
        added(0, { type: 'message', id: 'msg_1', content: [] }),
        {
          type: 'response.content_part.added',
          output_index: 0,
          content_index: 0,
          part: { type: 'refusal', refusal: '' },
        },
        piece('refusal', 0, 'No.'),
        completed(),
      ).slice(1),
    ).toEqual([
      { type: 'text-delta', delta: 'No.' },
      { type: 'finish', finishReason: 'content-filter' },
    ]);
  });

  it('is not led astray by places that cannot be', () => {
    const { own, read } = reader();
    for (const place of [1e9, -1, 0.5, 'x', null]) {
      read({
        type: 'response.output_item.added',
        output_index: place,
        item: { type: 'message', id: 'm', content: [] },
      });
    }
    expect(own.position.blocks).toBe(5);
  });
});

describe('wire 14: a whole answer', () => {
  const whole = (body: object) => openaiResponses.readWhole(Buffer.from(JSON.stringify(body)));
  const refusal = { type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] };

  it('is read for what it says and why it ended', () => {
    expect(
      whole(
        response({
          status: 'completed',
          error: null,
          output: [
            { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'e' },
            { type: 'web_search_call', id: 'ws_1' },
            {
              type: 'message',
              content: [
                { type: 'output_text', text: 'a' },
                { type: 'output_text', text: 'b' },
              ],
            },
            { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
          ],
          usage: { input_tokens: 1, output_tokens: 2 },
        }),
      ),
    ).toEqual([
      METADATA,
      { type: 'reasoning-delta', delta: 'hm', encrypted: 'e', id: 'rs_1' },
      { type: 'text-delta', delta: 'ab' },
      { type: 'tool-call-delta', index: 0, toolCallId: 'c', toolName: 'f', delta: '' },
      { type: 'tool-call-delta', index: 0, delta: '{}' },
      { type: 'finish', finishReason: 'tool-calls' },
      { type: 'usage', usage: { input: 1, output: 2 } },
    ]);
    expect(whole(response({ status: 'completed', output: [refusal] })).slice(1)).toEqual([
      { type: 'text-delta', delta: 'No.' },
      { type: 'finish', finishReason: 'content-filter' },
    ]);
    // In the background: not over yet.
    expect(whole(response({ status: 'queued' }))).toEqual([METADATA, { type: 'finish', finishReason: 'other' }]);
  });

  it('that failed is an error in spite of its 200, and so is what is no answer', () => {
    const failed = response({ status: 'failed', error: { code: 'server_error', message: 'oh' } });
    expect(whole(failed)).toEqual([
      { type: 'error', message: 'oh', status: 500, text: '{"code":"server_error","message":"oh"}' },
    ]);
    expect(openaiResponses.seenWhole(Buffer.from(JSON.stringify(failed))).failed).toMatchObject({ status: 500 });
    expect(whole(response({ status: 'failed' }))).toMatchObject([{ type: 'error' }]);
    expect(whole(response({ status: 'cancelled' }))).toMatchObject([{ type: 'error' }]);
    expect(whole({ error: { message: 'no', type: 'authentication_error' } })).toMatchObject([{ status: 401 }]);
    expect(whole({ object: 'list' })).toMatchObject([{ type: 'error' }]);
  });
});
