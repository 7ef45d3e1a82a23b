import type { CurvePoints } from './curve.ts';

/** A non-decreasing concave line through points of ascending cost; flat to the right of the last. */
export interface Hull {
  readonly cost: Float64Array;
  readonly quality: Float64Array;
}

/**
 * The non-decreasing concave hull of (cost, quality) points: the qualities that a random mix of two settings reaches at a
 * mean cost (RouterBench, 2024, section 3). Andrew's monotone chain over the points sorted by cost. O(p log p).
 */
export function hullOf(sets: readonly CurvePoints[]): Hull {
  const points: (readonly [cost: number, quality: number])[] = [];
  for (const { cost, quality } of sets) {
    for (let p = 0; p < cost.length; p++) points.push([cost[p] ?? 0, quality[p] ?? 0]);
  }
  points.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const hull: (readonly [number, number])[] = [];
  for (const point of points) {
    const last = hull.at(-1);
    if (last !== undefined && point[1] <= last[1]) continue;
    for (;;) {
      const [b, a] = [hull.at(-1), hull.at(-2)];
      if (a === undefined || b === undefined) break;
      if ((b[1] - a[1]) * (point[0] - a[0]) > (point[1] - a[1]) * (b[0] - a[0])) break;
      hull.pop();
    }
    hull.push(point);
  }
  return {
    cost: Float64Array.from(hull, ([cost]) => cost),
    quality: Float64Array.from(hull, ([, quality]) => quality),
  };
}

/** Height of the hull at a cost; left of its first point it is that point's. */
export function heightAt({ cost, quality }: Hull, x: number): number {
  let i = 0;
  while (i < cost.length && (cost[i] ?? 0) <= x) i++;
  const right = quality[i];
  const left = quality[i - 1];
  if (left === undefined) return right ?? 0;
  if (right === undefined) return left;
  const from = cost[i - 1] ?? 0;
  return left + ((right - left) * (x - from)) / ((cost[i] ?? 0) - from);
}

/**
 * Mean height of the hull between two costs: the area under its straight pieces over the width. Null when the interval is
 * empty: the best single model is then the cheapest, and there is nothing to trade.
 */
export function meanHeight(hull: Hull, from: number, to: number): number | null {
  if (!(to > from)) return null;
  let area = 0;
  let x = from;
  let y = heightAt(hull, from);
  for (let i = 0; i < hull.cost.length; i++) {
    const cost = hull.cost[i] ?? 0;
    if (cost <= from) continue;
    if (cost >= to) break;
    const quality = hull.quality[i] ?? 0;
    area += ((cost - x) * (quality + y)) / 2;
    x = cost;
    y = quality;
  }
  area += ((to - x) * (heightAt(hull, to) + y)) / 2;
  return area / (to - from);
}

/** The cost of the cheapest point that reaches a quality; null when none does. */
export function cheapestReaching({ cost, quality }: CurvePoints, target: number): number | null {
  let least: number | null = null;
  for (let p = 0; p < quality.length; p++) {
    const c = cost[p] ?? 0;
    if ((quality[p] ?? 0) >= target - 1e-12 && (least === null || c < least)) least = c;
  }
  return least;
}
