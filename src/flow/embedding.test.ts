import { describe, expect, it } from 'vitest';
import { UpstreamFailure } from '../providers/provider.ts';
import type { Embedder } from '../query/embedder.ts';
import { createEmbedding } from './embedding.ts';

interface Call {
  readonly text: string;
  readonly answer: (vector: Float32Array) => void;
  readonly fail: (error: Error) => void;
}

/** An embedder whose every answer the test gives, and a clock that the test turns. */
function scene(deadline = 60_000) {
  const calls: Call[] = [];
  const embedder: Embedder = {
    name: 'test',
    dim: 2,
    embed: ([text = '']) =>
      new Promise((resolve, reject) => {
        calls.push({ text, answer: (vector) => resolve([vector]), fail: reject });
      }),
  };
  const clock = { time: 0, now: () => 0, elapsed: () => clock.time };
  return { calls, clock, embedding: createEmbedding(embedder, { deadline, clock }) };
}

const VECTOR = Float32Array.of(0.6, 0.8);

describe('an embedding', () => {
  it('is waited for once, and at hand without waiting after that', async () => {
    const { calls, embedding } = scene();
    const first = embedding.of('Hello');
    const beside = embedding.of('Hello');
    expect(first).toBeInstanceOf(Promise);
    calls[0]?.answer(VECTOR);
    expect(await first).toEqual({ embedding: VECTOR });
    expect(await beside).toEqual({ embedding: VECTOR });
    expect(embedding.of('Hello')).toEqual({ embedding: VECTOR });
    expect(calls).toHaveLength(1);
  });

  it('of an empty text is none', () => {
    const { embedding } = scene();
    expect(embedding.of(' \n')).toEqual({});
  });

  it('that is late is a warning, and at hand the next time', async () => {
    const { calls, embedding } = scene(1);
    expect(await embedding.of('Hello')).toEqual({ warning: 'embedder-timeout' });
    expect(embedding.of('Other')).toEqual({ warning: 'embedder-cooling' });
    calls[0]?.answer(VECTOR);
    await Promise.resolve();
    await Promise.resolve();
    expect(embedding.of('Hello')).toEqual({ embedding: VECTOR });
  });

  it('that fails leaves the embedder alone for a while, twice as long each time; then one request tries', async () => {
    const { calls, clock, embedding } = scene();
    const together = [embedding.of('a'), embedding.of('b')];
    for (const call of calls) call.fail(new UpstreamFailure('sick', 'boom'));
    for (const found of together) expect(await found).toEqual({ warning: 'embedder-failed' });

    clock.time = 999;
    expect(embedding.of('c')).toEqual({ warning: 'embedder-cooling' });
    clock.time = 1000;
    const trying = embedding.of('c');
    expect(trying).toBeInstanceOf(Promise);
    expect(embedding.of('d')).toEqual({ warning: 'embedder-cooling' });
    calls.at(-1)?.fail(new UpstreamFailure('sick', 'boom'));
    expect(await trying).toEqual({ warning: 'embedder-failed' });

    clock.time = 2999;
    expect(embedding.of('c')).toEqual({ warning: 'embedder-cooling' });
    clock.time = 3000;
    const working = embedding.of('c');
    calls.at(-1)?.answer(VECTOR);
    expect(await working).toEqual({ embedding: VECTOR });
    expect(embedding.of('d')).toBeInstanceOf(Promise);
  });

  it('is never left alone for more than a minute', async () => {
    const { calls, clock, embedding } = scene();
    for (let i = 0; i < 20; i++) {
      const trying = embedding.of(`text ${i}`);
      calls.at(-1)?.fail(new UpstreamFailure('sick', 'boom'));
      await trying;
      clock.time += 60_000;
    }
    expect(calls).toHaveLength(20);
  });

  it('of a text that is refused costs that text alone its vector', async () => {
    const { calls, embedding } = scene();
    const long = embedding.of('much too long');
    calls[0]?.fail(new UpstreamFailure('context', 'too long'));
    expect(await long).toEqual({ warning: 'embedder-failed' });
    expect(embedding.of('short')).toBeInstanceOf(Promise);
  });

  it('stays within its bytes', async () => {
    const { calls, embedding } = scene();
    const large = new Float32Array(2 ** 20).fill(1);
    for (let i = 0; i < 12; i++) {
      const found = embedding.of(`text ${i}`);
      calls.at(-1)?.answer(large);
      await found;
    }
    expect(embedding.of('text 11')).not.toBeInstanceOf(Promise);
    expect(embedding.of('text 0')).toBeInstanceOf(Promise);
  });
});
