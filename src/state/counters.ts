import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { granted, refused } from './lease.ts';
import type { Grant, Lease, Limit, Parallel, Quota, Rate } from './state.ts';

/** Counters kept at once; the least recently used go first. */
const MAX_COUNTERS = 100_000;
/** As sizes of one: by `max` the cache makes room for all of them when it is created. */
const BOUND = { maxSize: MAX_COUNTERS, sizeCalculation: () => 1 };

/** A token bucket: `level` tokens at clock reading `at`. */
interface Bucket {
  level: number;
  at: number;
}

/** A sum until a time, epoch milliseconds. */
interface Sum {
  used: number;
  readonly until: number;
}

/** What is held, by holder: how much, and until when at most (clock reading). */
type Holders = Map<symbol, { readonly n: number; readonly until: number }>;

/** Whether `n` units are granted where so many are left. */
export const grants = (grant: Grant = 'all', left: number, n: number): boolean =>
  grant === 'always' || (grant === 'any' ? left > 0 : left >= n);

function takeRate(bucket: Bucket, n: number, { max, per, grant }: Rate, now: number): Lease {
  bucket.level = Math.min(max, bucket.level + ((now - bucket.at) * max) / per);
  bucket.at = now;
  if (!grants(grant, bucket.level, n)) {
    const wanted = grant === 'any' ? 0 : n;
    const wait = wanted > max ? per : Math.ceil(((wanted - bucket.level) * per) / max);
    return refused(Math.max(1, wait), max - bucket.level);
  }
  bucket.level -= n;
  return granted(max - bucket.level, (unused) => (bucket.level = Math.min(max, bucket.level + Math.min(unused, n))));
}

function takeQuota(sum: Sum, n: number, { max, until, grant }: Quota, now: number): Lease {
  if (!grants(grant, max - sum.used, n)) return refused(Math.max(1, until - now), sum.used);
  sum.used += n;
  return granted(sum.used, (unused) => (sum.used = Math.max(0, sum.used - Math.min(unused, n))));
}

/** When a place may be free is anyone's guess, milliseconds. */
export const SOON_MS = 1000;

function takeParallel(holders: Holders, n: number, { max, ttl }: Parallel, now: number): Lease {
  let held = 0;
  for (const [holder, { n: some, until }] of holders) {
    if (until <= now) holders.delete(holder);
    else held += some;
  }
  if (held + n > max) return refused(SOON_MS, held);
  const holder = Symbol();
  holders.set(holder, { n, until: now + ttl });
  return granted(held + n, () => holders.delete(holder));
}

/** Counts what is taken of limits, in one process. */
export interface Counters {
  /** At once, but for a quota that nobody has counted yet. */
  take(key: string, n: number, limit: Limit): Lease | Promise<Lease>;
}

/** Makes {@link Counters}. Nothing survives the process. */
export function createCounters(clock: Clock): Counters {
  const buckets = new LRUCache<string, Bucket>(BOUND);
  const sums = new LRUCache<string, Sum>(BOUND);
  const holders = new LRUCache<string, Holders>(BOUND);
  /** Sums whose beginning is being asked for. */
  const opening = new Map<string, Promise<Sum>>();

  const opened = async (key: string, { until, used }: Quota): Promise<Sum> => {
    try {
      const sum = { used: (await used?.()) ?? 0, until };
      sums.set(key, sum);
      return sum;
    } catch {
      // Not kept: whoever takes next asks again.
      return { used: 0, until };
    } finally {
      opening.delete(key);
    }
  };
  const sumOf = (key: string, quota: Quota): Sum | Promise<Sum> => {
    const known = sums.get(key);
    if (known?.until === quota.until) return known;
    if (quota.used === undefined) {
      const sum = { used: 0, until: quota.until };
      sums.set(key, sum);
      return sum;
    }
    const begun = opening.get(key) ?? opened(key, quota);
    opening.set(key, begun);
    return begun;
  };

  return {
    take(key, n, limit) {
      if ('until' in limit) {
        const sum = sumOf(key, limit);
        return sum instanceof Promise
          ? sum.then((ready) => takeQuota(ready, n, limit, clock.now()))
          : takeQuota(sum, n, limit, clock.now());
      }
      const now = clock.elapsed();
      if ('ttl' in limit) {
        const held: Holders = holders.get(key) ?? new Map();
        holders.set(key, held);
        return takeParallel(held, n, limit, now);
      }
      const bucket = buckets.get(key) ?? { level: limit.max, at: now };
      buckets.set(key, bucket);
      return takeRate(bucket, n, limit, now);
    },
  };
}
