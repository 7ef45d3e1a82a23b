import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../errors.ts';
import type { ChatEvent, Codec } from './chat.ts';

const EVENTS: readonly ChatEvent[] = [
  { type: 'response-metadata', id: 'r1', model: 'm', createdAt: 7 },
  { type: 'reasoning-delta', delta: 'hm' },
  { type: 'text-delta', delta: 'Hel' },
  { type: 'text-delta', delta: 'lo ✓' },
  { type: 'tool-call-delta', index: 0, toolCallId: 'a', toolName: 'f', delta: '{"x"' },
  { type: 'tool-call-delta', index: 0, delta: ':1}' },
  { type: 'finish', finishReason: 'tool-calls' },
  { type: 'usage', usage: { input: 10, output: 5, cacheRead: 4, reasoning: 1 } },
];

async function* from<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** What every dialect's codec must hold. `body` is a valid request of the dialect. */
export function codecConformance(codec: Codec, body: unknown): void {
  describe(`${codec.dialect} codec`, () => {
    it('decodes what it encodes, one byte at a time as well', async () => {
      const bytes = Buffer.concat(await collect(codec.encode(from(EVENTS))));
      expect(await collect(codec.decode(from([bytes]), true))).toEqual(EVENTS);
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(await collect(codec.decode(from(single), true))).toEqual(EVENTS);
    });

    it('views and parses without changing the body', () => {
      const before = JSON.stringify(body);
      expect(codec.view(body).messages.length).toBeGreaterThan(0);
      expect(codec.parse(body).messages.length).toBeGreaterThan(0);
      expect(JSON.stringify(body)).toBe(before);
    });

    it('refuses what is not a request with the path of the fault', () => {
      for (const bad of [
        null,
        1,
        'x',
        [],
        {},
        { messages: 'x' },
        { messages: [] },
        { messages: [1] },
        { messages: [{ role: 'robot' }] },
      ]) {
        expect(() => codec.view(bad)).toThrowError(expect.objectContaining({ code: 'invalid_request' }));
      }
    });

    it('renders every error as JSON', () => {
      const error = new SignalboxError('model_not_found', 'no "such" model\n');
      expect(JSON.stringify(JSON.parse(Buffer.from(codec.error(error)).toString()))).toContain('no \\"such\\" model');
    });
  });
}
