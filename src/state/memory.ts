import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Cell, Limit, State } from './state.ts';
import { createTopics } from './topics.ts';

/** Cells kept at once; the least recently used go first. */
const MAX_CELLS = 100_000;
/** As sizes of one: by `max` the cache makes room for all of them when it is created, 20 ms and 5 MB that few need. */
const BOUND = { maxSize: MAX_CELLS, sizeCalculation: () => 1 };

interface Box {
  readonly value: unknown;
}

/** A token bucket: `level` tokens at clock reading `at`. */
interface Bucket {
  level: number;
  at: number;
}

function createCells(clock: Clock): <T>(key: string) => Cell<T> {
  const boxes = new LRUCache<string, Box>({
    ...BOUND,
    perf: { now: () => clock.elapsed() },
    ttlResolution: 0,
  });
  return <T>(key: string): Cell<T> => {
    // Whoever asks for a key writes and reads one type under it: keys carry their owner's prefix.
    const get = () => boxes.get(key)?.value as T | undefined;
    const set = (value: T, ttl?: number) => void boxes.set(key, { value }, ttl === undefined ? {} : { ttl });
    return {
      get,
      set,
      update(change) {
        const next = change(get());
        set(next);
        return next;
      },
    };
  };
}

function refill(bucket: Bucket, limit: Limit, now: number): void {
  bucket.level = Math.min(limit.max, bucket.level + ((now - bucket.at) * limit.max) / limit.per);
  bucket.at = now;
}

/** State of one process. Nothing survives it. */
export function createMemoryState(clock: Clock): State {
  const buckets = new LRUCache<string, Bucket>(BOUND);
  const topics = createTopics();
  return {
    async take(key, n, limit) {
      const now = clock.elapsed();
      const bucket = buckets.get(key) ?? { level: limit.max, at: now };
      buckets.set(key, bucket);
      refill(bucket, limit, now);
      if (bucket.level < n) {
        const retryAfter = n > limit.max ? limit.per : Math.ceil(((n - bucket.level) * limit.per) / limit.max);
        return { granted: false, retryAfter, release: () => {} };
      }
      bucket.level -= n;
      let taken = n;
      return {
        granted: true,
        retryAfter: 0,
        release(unused) {
          const back = Math.min(Math.max(unused, 0), taken);
          taken -= back;
          bucket.level = Math.min(limit.max, bucket.level + back);
        },
      };
    },
    cell: createCells(clock),
    publish: topics.publish,
    subscribe: topics.subscribe,
    async close() {
      topics.close();
    },
  };
}
