import { Ollama } from 'ollama';
import { describe, expect, it } from 'vitest';
import type { ChatEvent } from '../chat.ts';
import type { Codec, EncoderOptions } from '../codec.ts';
import { loadAnswer, psAnswer, showAnswer, tagsAnswer, versionAnswer } from './answers.ts';
import { ollama, ollamaGenerate } from './codec.ts';

const OPTIONS: EncoderOptions = {
  id: 'r1',
  model: 'up',
  createdAt: 1_700_000_000,
  inputTokens: 9,
  includeUsage: true,
  requested: 'auto',
};
const ANSWER: ChatEvent[] = [
  { type: 'reasoning-delta', delta: 'hm' },
  { type: 'text-delta', delta: 'Grüße ' },
  { type: 'text-delta', delta: '✓' },
  { type: 'tool-call-delta', index: 0, toolName: 'look', delta: '{"at":[1,2]}' },
  { type: 'usage', usage: { input: 3, output: 2 } },
  { type: 'finish', finishReason: 'tool-calls' },
];

const MODEL = { id: 'fast', contextWindow: 8000, capabilities: ['tools'], createdAt: 0 } as const;

/** The official client, answered with these bytes; tells what it sent. */
function client(answer: Uint8Array | object, status = 200) {
  const sent: { body: unknown }[] = [];
  const body = answer instanceof Uint8Array ? Buffer.from(answer) : JSON.stringify(answer);
  const ours = new Ollama({
    host: 'http://127.0.0.1:11434',
    fetch: async (_url, init) => {
      sent.push({ body: JSON.parse(typeof init?.body === 'string' ? init.body : 'null') });
      return new Response(body, { status, headers: { 'content-type': 'application/json' } });
    },
  });
  return { ours, sent };
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

function streamed(codec: Codec, events: readonly ChatEvent[], ended = true): Uint8Array {
  const writer = codec.writer(OPTIONS);
  const parts = [...events.map((event) => writer.write(event)), ended ? writer.end({ costUsd: 1 }) : undefined];
  return Buffer.concat(parts.filter((part) => part !== undefined));
}

describe("Ollama's own client", () => {
  it('sends what is parsed, and reads a stream', async () => {
    const { ours, sent } = client(streamed(ollama, [{ type: 'ping' }, ...ANSWER]));
    const messages = [{ role: 'user', content: 'Hi', images: [Uint8Array.of(0)] }];
    const lines = await all(await ours.chat({ model: 'auto', messages, stream: true, think: 'low' }));
    expect(ollama.parse(sent[0]?.body)).toMatchObject({
      model: 'auto',
      stream: true,
      reasoning: { effort: 'low' },
      messages: [
        {
          content: [
            { type: 'file', data: 'AA==' },
            { type: 'text', text: 'Hi' },
          ],
        },
      ],
    });
    expect(lines.map(({ message }) => message.thinking ?? '').join('')).toBe('hm');
    expect(lines.map(({ message }) => message.content).join('')).toBe('Grüße ✓');
    expect(lines.flatMap(({ message }) => message.tool_calls ?? [])).toMatchObject([
      { function: { name: 'look', arguments: { at: [1, 2] } } },
    ]);
    expect(lines.at(-1)).toMatchObject({ model: 'auto', done: true, prompt_eval_count: 3, eval_count: 2 });
  });

  it('reads a whole answer of both paths', async () => {
    const chat = client(ollama.writeWhole(ANSWER, OPTIONS));
    expect(await chat.ours.chat({ model: 'auto', messages: [{ role: 'user', content: 'x' }] })).toMatchObject({
      message: { content: 'Grüße ✓', tool_calls: [{ function: { name: 'look' } }] },
      done_reason: 'stop',
    });
    expect(ollama.streams(chat.sent[0]?.body)).toBe(false);
    const generate = client(ollamaGenerate.writeWhole(ANSWER, OPTIONS));
    expect(await generate.ours.generate({ model: 'auto', prompt: 'x', system: 'y' })).toMatchObject({
      response: 'Grüße ✓',
      thinking: 'hm',
    });
    expect(ollamaGenerate.parse(generate.sent[0]?.body).messages.map(({ role }) => role)).toEqual(['system', 'user']);
  });

  it('fails on an error, and on a stream without its last line', async () => {
    const broken = client(streamed(ollama, [...ANSWER.slice(0, 3), { type: 'error', message: 'it broke' }]));
    const cut = client(streamed(ollama, ANSWER.slice(0, 3), false));
    for (const [{ ours }, message] of [
      [broken, 'it broke'],
      [cut, /done|response/],
    ] as const) {
      const stream = await ours.chat({ model: 'auto', messages: [], stream: true });
      await expect(all(stream)).rejects.toThrow(message);
    }
    const refused = client({ error: 'no model "x"' }, 404);
    await expect(refused.ours.chat({ model: 'x', messages: [] })).rejects.toThrow('no model "x"');
  });

  it('reads what it probes', async () => {
    expect((await client(tagsAnswer([MODEL])).ours.list()).models).toMatchObject([{ name: 'fast' }]);
    expect(await client(showAnswer(MODEL)).ours.show({ model: 'fast' })).toMatchObject({
      capabilities: ['completion', 'tools'],
    });
    expect(await client(versionAnswer('0.12.6')).ours.version()).toEqual({ version: '0.12.6' });
    expect(await client(psAnswer()).ours.ps()).toEqual({ models: [] });
    const load = loadAnswer('ollama', { model: 'fast', messages: [] }, 0) ?? {};
    expect(await client(load).ours.chat({ model: 'fast', messages: [] })).toMatchObject({ done_reason: 'load' });
  });
});
