import { heightAt, type Hull } from '../../decide/hull.ts';

/** RouterBench's average improvement in quality, by both of its normalisations. */
export interface Aiq {
  /** Mean height of the hull between its cheapest point and the dearest of all routers. */
  readonly paper: number;
  /** The same area over the dearest cost: what `calc_AIQ` of the repository divides by. */
  readonly code: number;
}

/**
 * AIQ (Hu et al., RouterBench, 2024, section 3.3): the area under a router's non-decreasing hull from its own cheapest cost
 * to the dearest cost of any router compared, flat beyond its own end. The paper divides by the width; the code divides by
 * the dearest cost and so lacks the strip from 0 to the cheapest. Both depend on which routers are compared. Null when
 * the dearest cost is the router's own cheapest.
 */
export function aiqOf(hull: Hull, dearest: number): Aiq | null {
  const from = hull.cost[0] ?? 0;
  if (!(dearest > from)) return null;
  let area = 0;
  for (let i = 0; i < hull.cost.length; i++) {
    const x = hull.cost[i] ?? 0;
    const to = Math.min(dearest, hull.cost[i + 1] ?? dearest);
    if (to > x) area += ((to - x) * ((hull.quality[i] ?? 0) + heightAt(hull, to))) / 2;
  }
  return { paper: area / (dearest - from), code: area / dearest };
}
