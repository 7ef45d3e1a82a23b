import type { Limit } from './state.ts';

/**
 * The part of a limit that one of `processes` may grant while it cannot ask the others. Together they grant no more than
 * the limit; where a part is smaller than one request of `n` units, it still lets one through now and then.
 */
export function shareOf<L extends Limit>(limit: L, n: number, processes: number): L {
  if (processes <= 1) return limit;
  const part = limit.max / processes;
  if ('until' in limit) return { ...limit, max: part };
  const max = Math.max(part, Math.min(n, limit.max));
  return 'per' in limit ? { ...limit, max, per: (limit.per * max) / part } : { ...limit, max };
}
