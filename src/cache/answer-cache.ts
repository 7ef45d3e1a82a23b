import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { decodeAnswer, encodeAnswer, type CachedAnswer } from './cached-answer.ts';
import type { Tier } from './tier.ts';

/** How much is kept, bytes. */
export interface CacheSize {
  /** Of all answers in this process. */
  readonly maxSize: number;
  /** Of one answer, anywhere. */
  readonly maxEntry: number;
}

/** Answers by the hash of their request: in this process, and where others keep them too. */
export interface AnswerCache {
  /** What is here, at once. */
  near(key: string): CachedAnswer | undefined;
  /** What another process, or an earlier one, has kept; undefined at once where nobody else keeps answers. Never rejects. */
  far(key: string): Promise<CachedAnswer | undefined> | undefined;
  /** Keeps an answer for `ttl` milliseconds; one that is too large is not kept. */
  keep(key: string, answer: CachedAnswer, ttl: number): void;
}

/** How long a request waits for the outer tier, milliseconds: an answer that takes longer is made anew. */
const PATIENCE_MS = 50;
/** Bytes that an entry takes beside its body. */
const OVERHEAD = 300;

/** Makes an {@link AnswerCache}; `failed` is told what the outer tier could not do. */
export function createAnswerCache(
  clock: Clock,
  { maxSize, maxEntry }: CacheSize,
  tier: Tier | undefined,
  failed: (error: unknown) => void,
): AnswerCache {
  const entries = new LRUCache<string, CachedAnswer>({
    maxSize,
    maxEntrySize: maxEntry + OVERHEAD,
    sizeCalculation: ({ body }) => body.length + OVERHEAD,
    perf: { now: () => clock.elapsed() },
    ttlResolution: 0,
  });
  const fetch = async (key: string, from: Tier): Promise<CachedAnswer | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE_MS)));
    try {
      const bytes = await Promise.race([from.get(key), late]);
      return bytes === undefined ? undefined : decodeAnswer(bytes);
    } catch (error) {
      failed(error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    near: (key) => entries.get(key),
    far: (key) => (tier === undefined ? undefined : fetch(key, tier)),
    keep(key, answer, ttl) {
      if (answer.body.length > maxEntry) return;
      entries.set(key, answer, { ttl });
      tier?.set(key, encodeAnswer(answer), ttl).catch(failed);
    },
  };
}
