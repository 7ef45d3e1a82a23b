import { describe, expect, it } from 'vitest';
import type { Embedder } from '../../query/embedder.ts';
import { UpstreamFailure, type FailureClass } from '../provider.ts';
import { batched } from './batched.ts';
import { embedAll } from './embed-all.ts';

const never = new AbortController().signal;
const texts = (n: number) => Array.from({ length: n }, (_, i) => `text ${i}`);

/** Gives the number of each text; `fault` may fail a call. */
function numbering(fault: (texts: readonly string[], call: number) => FailureClass | undefined = () => undefined) {
  const calls: (readonly string[])[] = [];
  const inner: Embedder = {
    name: 'openai/e',
    dim: 1,
    embed: async (batch) => {
      calls.push(batch);
      const failure = fault(batch, calls.length);
      if (failure !== undefined) throw new UpstreamFailure(failure, `it is ${failure}`);
      return batch.map((text) => Float32Array.of(Number(text.slice(5))));
    },
  };
  return { calls, embedder: batched(inner, { window: 1, max: 64 }) };
}

describe('many texts', () => {
  it('are sent in batches of 64, and their vectors come back in order', async () => {
    const { calls, embedder } = numbering();
    const shares: number[] = [];
    const all = ['', ...texts(200), ' '];
    const vectors = await embedAll(embedder, all, { signal: never, progress: (share) => shares.push(share) });
    expect(vectors.map((vector) => vector?.[0])).toEqual([undefined, ...texts(200).map((_, i) => i), undefined]);
    expect(calls.map(({ length }) => length).toSorted((a, b) => b - a)).toEqual([64, 64, 64, 8]);
    expect(shares.at(-1)).toBe(1);
  });

  it('go on without a few that are refused, and fail when many are', async () => {
    const bad = (share: number) =>
      numbering((batch) => (batch.some((text) => Number(text.slice(5)) % share === 0) ? 'context' : undefined));
    const vectors = await embedAll(bad(20).embedder, texts(200), { signal: never });
    expect(vectors.filter((vector) => vector === undefined)).toHaveLength(10);
    await expect(embedAll(bad(5).embedder, texts(200), { signal: never })).rejects.toMatchObject({
      code: 'provider_error',
      message: 'the embedder openai/e failed: it is context',
    });
    // One text of one batch is refused: that is no reason to give up.
    const last = await embedAll(bad(1000).embedder, texts(65).toReversed(), { signal: never });
    expect(last.at(-1)).toBeUndefined();
  });

  it.each(['auth', 'misconfigured', 'sick', 'silent'] as const)('fail at once when the embedder is %s', async (how) => {
    const { calls, embedder } = numbering(() => how);
    const code = {
      auth: 'provider_auth',
      silent: 'provider_timeout',
      misconfigured: 'provider_error',
      sick: 'provider_error',
    }[how];
    await expect(embedAll(embedder, texts(3), { signal: never })).rejects.toMatchObject({ code });
    expect(calls).toHaveLength(1);
  });

  it('wait and try again after a limit, and after trouble of an embedder that has worked', async () => {
    const waits: number[] = [];
    const wait = async (ms: number) => void waits.push(ms);
    const limited = numbering((_, call) => (call <= 2 ? 'busy' : undefined));
    expect(await embedAll(limited.embedder, texts(2), { signal: never, wait })).toHaveLength(2);
    expect(waits).toEqual([1000, 4000]);
    const broken = numbering((batch, call) => (batch.length < 64 && call < 7 ? 'sick' : undefined));
    expect(await embedAll(broken.embedder, texts(260), { signal: never, wait })).toHaveLength(260);
    const dead = numbering(() => 'busy');
    await expect(embedAll(dead.embedder, texts(2), { signal: never, wait })).rejects.toMatchObject({
      code: 'provider_error',
    });
    expect(dead.calls).toHaveLength(4);
  });

  it('stop when they are asked to, also while they wait', async () => {
    const stop = new AbortController();
    const { calls, embedder } = numbering(() => {
      queueMicrotask(() => stop.abort());
      return 'busy';
    });
    await expect(embedAll(embedder, texts(500), { signal: stop.signal })).rejects.toThrow(
      'the embedder openai/e failed',
    );
    expect(calls.length).toBeLessThanOrEqual(4);
  });
});
