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
  /** Bytes of the largest answer that is kept. */
  readonly maxEntry: number;
  /** What is here, at once. */
  near(key: string): CachedAnswer | undefined;
  /** What another process, or an earlier one, has kept; undefined at once where nobody else keeps answers. Never rejects. */
  far(key: string): Promise<CachedAnswer | undefined> | undefined;
  /** Keeps an answer for as long as it says; one that is too large is not kept. */
  keep(key: string, answer: CachedAnswer): void;
  /** Throws all of them away; what a tier cannot throw away ends with its time. */
  clear(): void;
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
  /** Its time goes on from where it was made. */
  const hold = (key: string, answer: CachedAnswer): CachedAnswer | undefined => {
    const ttl = answer.until - clock.now();
    if (ttl <= 0) return undefined;
    entries.set(key, answer, { ttl });
    return answer;
  };
  const fetch = async (key: string, from: Tier): Promise<CachedAnswer | undefined> => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PATIENCE_MS)));
    try {
      const bytes = await Promise.race([from.get(key), late]);
      const answer = bytes === undefined ? undefined : decodeAnswer(bytes);
      return answer === undefined ? undefined : hold(key, answer);
    } catch (error) {
      failed(error);
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    maxEntry,
    near: (key) => entries.get(key),
    far: (key) => (tier === undefined ? undefined : fetch(key, tier)),
    keep(key, answer) {
      if (answer.body.length > maxEntry || hold(key, answer) === undefined) return;
      tier?.set(key, encodeAnswer(answer), answer.until - clock.now()).catch(failed);
    },
    clear() {
      entries.clear();
      tier?.clear?.().catch(failed);
    },
  };
}
