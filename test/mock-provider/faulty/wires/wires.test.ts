import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type Asking } from '../client.ts';
import { INPUT_TOKENS, startFaultServer, type FaultServer, type WireName } from '../server.ts';
import { tokenize } from './wire.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await startFaultServer({ tokens: 3 });
});
afterAll(() => server.close());

const OUTPUT = 3;
const text = 'word0 word1 word2';
const messages = [{ role: 'user' as const, content: 'Say it all.' }];

/** The records of a stream. */
const records = async (wire: WireName, asking: Partial<Asking> = {}) => {
  const { body } = await ask(server, wire, { stream: true, ...asking });
  return body.split(wire === 'ollama' ? /\n/ : /\n\n/).filter((record) => record !== '');
};
// Tests read what they are told without asking twice.
// oxlint-disable-next-line typescript/no-explicit-any
const data = (record: string): any => JSON.parse(record.slice(record.indexOf('{')));
const eventNames = (all: readonly string[]) => all.map((record) => /^event: (.*)\n/.exec(record)?.[1]);

describe('openai-chat', () => {
  it('streams as OpenAI does: role, tokens, finish, usage, end', async () => {
    const all = await records('openai-chat');
    expect(all.at(-1)).toBe('data: [DONE]');
    const chunks = all.slice(0, -1).map(data);
    expect(new Set(chunks.map(({ id, created, model, object }) => [id, created, model, object].join())).size).toBe(1);
    expect(chunks.slice(0, -1).map(({ choices }) => [choices[0].delta, choices[0].finish_reason])).toEqual([
      [{ role: 'assistant', content: '', refusal: null }, null],
      [{ content: 'word0' }, null],
      [{ content: ' word1' }, null],
      [{ content: ' word2' }, null],
      [{}, 'stop'],
    ]);
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: INPUT_TOKENS, completion_tokens: OUTPUT, total_tokens: INPUT_TOKENS + OUTPUT },
    });
  });

  it('tells usage in a stream only if asked', async () => {
    const response = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm1', messages, stream: true }),
    });
    expect(await response.text()).not.toContain('usage');
  });

  it('is understood by the openai package', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const whole = await client.chat.completions.create({ model: 'm1', messages });
    expect([whole.choices[0]?.message.content, whole.usage?.completion_tokens]).toEqual([text, OUTPUT]);
    const streamed = await client.chat.completions
      .stream({ model: 'm1', messages, stream_options: { include_usage: true } })
      .finalChatCompletion();
    expect([streamed.choices[0]?.message.content, streamed.usage?.completion_tokens]).toEqual([text, OUTPUT]);
    server.next({ kind: 'quota' });
    await expect(client.chat.completions.create({ model: 'm1', messages })).rejects.toMatchObject({
      status: 429,
      code: 'insufficient_quota',
    });
    server.next({ kind: 'in-band', after: 2 });
    const broken = client.chat.completions.stream({ model: 'm1', messages }).finalChatCompletion();
    await expect(broken).rejects.toThrow(/The server had an error/);
  });
});

describe('openai-responses', () => {
  it('streams as OpenAI does: named, numbered, without [DONE]', async () => {
    const all = await records('openai-responses');
    const events = all.map(data);
    expect(eventNames(all)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(events.map(({ type }) => type)).toEqual(eventNames(all));
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, n) => n));
    expect(events.at(-1).response.usage).toMatchObject({ input_tokens: INPUT_TOKENS, output_tokens: OUTPUT });
  });

  it('numbers its errors too', async () => {
    server.next({ kind: 'in-band' }, { kind: 'in-band', after: 2 });
    const [first] = await records('openai-responses');
    expect(data(first ?? '')).toMatchObject({ type: 'error', sequence_number: 0, code: 'server_error', param: null });
    const last = data((await records('openai-responses')).at(-1) ?? '');
    expect(last).toMatchObject({ type: 'response.failed', sequence_number: 6, response: { status: 'failed' } });
  });

  it('is understood by the openai package', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${server.url}/v1`, maxRetries: 0 });
    const whole = await client.responses.create({ model: 'm1', input: 'Say it all.' });
    expect([whole.output_text, whole.usage?.output_tokens]).toEqual([text, OUTPUT]);
    const streamed = await client.responses.stream({ model: 'm1', input: 'Say it all.' }).finalResponse();
    expect([streamed.output_text, streamed.usage?.output_tokens]).toEqual([text, OUTPUT]);
  });
});

describe('anthropic', () => {
  it('streams as Anthropic does: named, with a ping, and a cumulative usage', async () => {
    const all = await records('anthropic');
    expect(eventNames(all)).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(all.map((record) => data(record).type)).toEqual(eventNames(all));
    const { usage } = data(all[0] ?? '').message;
    expect(usage).toMatchObject({ input_tokens: INPUT_TOKENS, cache_read_input_tokens: 0, output_tokens: 1 });
    expect(data(all.at(-2) ?? '')).toMatchObject({
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: OUTPUT },
    });
  });

  it('is understood by the Anthropic package', async () => {
    const client = new Anthropic({ apiKey: 'k', baseURL: server.url, maxRetries: 0 });
    const asked = { model: 'm1', max_tokens: 100, messages };
    const whole = await client.messages.create(asked);
    expect([whole.content, whole.usage.output_tokens]).toEqual([[{ type: 'text', text }], OUTPUT]);
    const streamed = await client.messages.stream(asked).finalMessage();
    expect([streamed.content, streamed.usage.output_tokens]).toMatchObject([[{ type: 'text', text }], OUTPUT]);
    server.next({ kind: 'overloaded' });
    await expect(client.messages.create(asked)).rejects.toMatchObject({ status: 529, type: 'overloaded_error' });
    server.next({ kind: 'in-band', after: 2, busy: true });
    await expect(client.messages.stream(asked).finalMessage()).rejects.toThrow(/Overloaded/);
  });
});

describe('ollama', () => {
  it('streams as Ollama does: a line each, the last one done, durations in nanoseconds', async () => {
    const { headers } = await ask(server, 'ollama', { stream: true });
    expect(headers['content-type']).toBe('application/x-ndjson');
    const lines = (await records('ollama')).map(data);
    expect(lines.map(({ message, done }) => [message.role, message.content, done])).toEqual([
      ['assistant', 'word0', false],
      ['assistant', ' word1', false],
      ['assistant', ' word2', false],
      ['assistant', '', true],
    ]);
    expect(lines.at(-1)).toMatchObject({ done_reason: 'stop', prompt_eval_count: INPUT_TOKENS, eval_count: OUTPUT });
    for (const name of ['total', 'load', 'prompt_eval', 'eval']) {
      expect(lines.at(-1)[`${name}_duration`]).toBeGreaterThan(1e6);
    }
  });

  it('streams unless told not to', async () => {
    const response = await fetch(`${server.url}/api/chat`, {
      method: 'POST',
      body: JSON.stringify({ model: 'm1', messages }),
    });
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    await response.text();
  });

  it('is understood by the ollama package', async () => {
    const client = new Ollama({ host: server.url });
    const whole = await client.chat({ model: 'm1', messages });
    expect([whole.message.content, whole.eval_count]).toEqual([text, OUTPUT]);
    const parts: string[] = [];
    for await (const part of await client.chat({ model: 'm1', messages, stream: true }))
      parts.push(part.message.content);
    expect(parts.join('')).toBe(text);
    server.next({ kind: 'not-found' });
    await expect(client.chat({ model: 'm1', messages })).rejects.toThrow(/model 'm1' not found/);
    server.next({ kind: 'in-band', after: 2 });
    await expect(
      (async () => {
        for await (const _part of await client.chat({ model: 'm1', messages, stream: true })) void _part;
      })(),
    ).rejects.toThrow(/runner process has terminated/);
  });
});

it('no two answers have the same id', async () => {
  const ids = new Set<string>();
  for (let n = 0; n < 3; n++) ids.add(data((await records('openai-chat'))[0] ?? '').id);
  expect(ids.size).toBe(3);
});

it('tokens together are the text', () => {
  fc.assert(
    fc.property(fc.string(), (any) => {
      expect(tokenize(any).join('')).toBe(any);
    }),
  );
});
