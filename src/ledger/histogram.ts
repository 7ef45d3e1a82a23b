/** Upper bounds of added latency, microseconds; a ninth bucket takes what is above. */
export const OVERHEAD_BOUNDS_US = [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000] as const;

export const OVERHEAD_BUCKETS = OVERHEAD_BOUNDS_US.length + 1;

/** The bucket that a latency falls into. */
export function overheadBucket(us: number): number {
  const index = OVERHEAD_BOUNDS_US.findIndex((bound) => us <= bound);
  return index === -1 ? OVERHEAD_BOUNDS_US.length : index;
}

/** The `q`-quantile in milliseconds, linear inside its bucket; the last bound when it lies above that; 0 without counts. */
export function overheadQuantile(counts: readonly number[], q: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let left = total * q;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && left <= count) {
      const low = OVERHEAD_BOUNDS_US[index - 1] ?? 0;
      const high = OVERHEAD_BOUNDS_US[index] ?? low;
      return (low + ((high - low) * left) / count) / 1000;
    }
    left -= count;
  }
  return 0;
}
