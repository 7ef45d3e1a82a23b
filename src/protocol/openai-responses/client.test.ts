import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { ChatEvent, FinishReason } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { openaiChat } from '../openai-chat/codec.ts';
import { createTranscoder } from '../transcoder.ts';
import { openaiResponses } from './codec.ts';

const OPTIONS: EncoderOptions = { id: 'r1', model: 'up', createdAt: 7, inputTokens: 9, includeUsage: true };
const ASKED = { model: 'auto', input: 'Hi' };

/** The official client, answered with these bytes; tells what it sent. */
function client(answer: Uint8Array, status = 200) {
  const sent: unknown[] = [];
  const ours = new OpenAI({
    apiKey: 'none',
    maxRetries: 0,
    fetch: async (_url, init) => {
      const body: unknown = JSON.parse(typeof init?.body === 'string' ? init.body : 'null');
      sent.push(body);
      const type = openaiResponses.streams(body) && status === 200 ? openaiResponses.streamType : 'application/json';
      return new Response(Buffer.from(answer), { status, headers: { 'content-type': type } });
    },
  });
  return { ours, sent };
}

const joined = (parts: readonly (Uint8Array | undefined)[]): Buffer =>
  Buffer.concat(parts.filter((part) => part !== undefined));

function streamed(events: readonly ChatEvent[]): Buffer {
  const writer = openaiResponses.writer(OPTIONS);
  return joined([...events.map((event) => writer.write(event)), writer.end({ costUsd: 1 })]);
}

const call = (index: number, delta: string, toolName?: string): ChatEvent => ({
  type: 'tool-call-delta',
  index,
  delta,
  ...(toolName === undefined ? {} : { toolName, toolCallId: `c${index}` }),
});

const ANSWER: ChatEvent[] = [
  { type: 'response-metadata', id: 'resp_9', model: 'm', createdAt: 8 },
  { type: 'reasoning-delta', delta: 'hm', id: 'rs_9' },
  { type: 'reasoning-delta', delta: '', encrypted: 'proof', id: 'rs_9' },
  { type: 'ping' },
  { type: 'text-delta', delta: 'Grüße ' },
  { type: 'text-delta', delta: '✓' },
  call(0, '', 'look'),
  call(1, '', 'add'),
  call(1, '{"x":'),
  call(0, '{"at":[1,'),
  call(1, '1}'),
  call(0, '2]}'),
  { type: 'finish', finishReason: 'tool-calls' },
  { type: 'usage', usage: { input: 9, output: 5, cacheRead: 4, reasoning: 2 } },
];

const MEANT = {
  id: 'resp_9',
  model: 'm',
  created_at: 8,
  status: 'completed',
  output_text: 'Grüße ✓',
  output: [
    { id: 'rs_9', type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'proof' },
    { type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Grüße ✓' }] },
    { type: 'function_call', call_id: 'c0', name: 'look', arguments: '{"at":[1,2]}', status: 'completed' },
    { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{"x":1}', status: 'completed' },
  ],
  usage: {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 5,
    output_tokens_details: { reasoning_tokens: 2 },
    total_tokens: 14,
  },
};

describe("OpenAI's own client", () => {
  it('wire 11: follows a stream to what was meant, snapshot by snapshot', async () => {
    const { ours, sent } = client(streamed(ANSWER));
    const stream = ours.responses.stream(ASKED);
    const snapshots: string[] = [];
    const types: string[] = [];
    stream.on('response.output_text.delta', ({ snapshot }) => snapshots.push(snapshot));
    stream.on('event', ({ type }) => types.push(type));
    expect(await stream.finalResponse()).toMatchObject(MEANT);
    expect(snapshots).toEqual(['Grüße ', 'Grüße ✓']);
    expect(types.at(-1)).toBe('response.completed');
    expect(openaiResponses.parse(sent[0])).toMatchObject({ model: 'auto', stream: true });
  });

  it('reads a whole answer', async () => {
    const { ours } = client(openaiResponses.writeWhole(ANSWER, OPTIONS));
    expect(await ours.responses.create(ASKED)).toMatchObject(MEANT);
  });

  it('wire 14: sees that an answer is incomplete, and why', async () => {
    const end = (finishReason: FinishReason): ChatEvent[] => [
      { type: 'text-delta', delta: 'hi' },
      { type: 'finish', finishReason },
    ];
    for (const [finish, reason] of [
      ['length', 'max_output_tokens'],
      ['content-filter', 'content_filter'],
    ] as const) {
      const final = await client(streamed(end(finish)))
        .ours.responses.stream(ASKED)
        .finalResponse();
      expect(final).toMatchObject({ status: 'incomplete', incomplete_details: { reason }, output_text: 'hi' });
    }
  });

  it('fails on an error, wherever it comes', async () => {
    const error: ChatEvent = { type: 'error', message: 'it broke', status: 500 };
    for (const events of [[error], [...ANSWER.slice(0, 5), error]]) {
      const { ours } = client(streamed(events));
      await expect(ours.responses.stream(ASKED).finalResponse()).rejects.toThrow('it broke');
    }
  });

  it('reads an answer that a second writer went on with as one, wherever the bytes of the first ended', async () => {
    const whole = streamed(ANSWER.slice(0, 6));
    for (let end = 1; end < whole.length; end += 7) {
      const tap = openaiResponses.tap({ strip: false });
      const passed = tap.push(whole.subarray(0, end));
      if (tap.position.said === '' || tap.seen.done) continue;
      const second = openaiResponses.writer({ ...OPTIONS, id: 'other', model: 'other', resume: tap.position });
      const rest = [second.write({ type: 'text-delta', delta: '!' }), second.end()];
      const final = await client(joined([passed, ...rest]))
        .ours.responses.stream(ASKED)
        .finalResponse();
      expect(final).toMatchObject({
        id: 'resp_9',
        model: 'm',
        output_text: `${tap.position.said}!`,
        status: 'completed',
      });
      expect(final.output[0]).toMatchObject(MEANT.output[0] ?? {});
    }
  });

  it('reads what a chat provider streams', async () => {
    const line = (choice: object, more: object = {}) =>
      `data: ${JSON.stringify({ id: 'c1', created: 5, model: 'up', choices: [{ index: 0, ...choice }], ...more })}\n\n`;
    const tools = (index: number, fn: object, id?: string) => ({
      delta: { tool_calls: [{ index, ...(id === undefined ? {} : { id }), function: fn }] },
    });
    const chat = [
      ': hello\n\n',
      line({ delta: { role: 'assistant', content: 'Let me ' } }),
      line({ delta: { content: 'see.' } }),
      line(tools(0, { name: 'f', arguments: '' }, 'a')),
      line(tools(1, { name: 'g', arguments: '{"x"' })),
      line(tools(0, { arguments: '{}' })),
      line(tools(1, { arguments: ':1}' })),
      line({ delta: {}, finish_reason: 'stop' }),
      `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 4, completion_tokens: 2 } })}\n\n`,
      'data: [DONE]\n\n',
    ].join('');
    const tap = createTranscoder({ from: openaiChat, to: openaiResponses, writer: OPTIONS });
    const { ours } = client(joined([tap.push(Buffer.from(chat)), tap.end()]));
    expect(await ours.responses.stream(ASKED).finalResponse()).toMatchObject({
      id: 'resp_c1',
      created_at: 5,
      output_text: 'Let me see.',
      output: [
        { type: 'message' },
        { call_id: 'a', name: 'f', arguments: '{}' },
        { call_id: 'call_r1_1', name: 'g', arguments: '{"x":1}' },
      ],
      usage: { input_tokens: 4, output_tokens: 2 },
    });
  });
});
