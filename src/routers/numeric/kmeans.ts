import { seededRandom } from './random.ts';

/** Centres (k × d, row-major) and the centre of each row. */
export interface Clusters {
  readonly k: number;
  readonly centres: Float32Array;
  readonly assignment: Int32Array;
}

function distance(x: Float32Array, i: number, centres: Float32Array, c: number, d: number): number {
  let sum = 0;
  for (let a = 0; a < d; a++) {
    const gap = (x[i * d + a] ?? 0) - (centres[c * d + a] ?? 0);
    sum += gap * gap;
  }
  return sum;
}

/** Starts with rows far from each other: k-means++ (Arthur and Vassilvitskii, 2007). */
function start(x: Float32Array, n: number, d: number, k: number, random: () => number): Float32Array {
  const centres = new Float32Array(k * d);
  const nearest = new Float64Array(n).fill(Number.POSITIVE_INFINITY);
  let pick = Math.floor(random() * n);
  for (let c = 0; c < k; c++) {
    centres.set(x.subarray(pick * d, (pick + 1) * d), c * d);
    let total = 0;
    for (let i = 0; i < n; i++) {
      nearest[i] = Math.min(nearest[i] ?? 0, distance(x, i, centres, c, d));
      total += nearest[i] ?? 0;
    }
    let left = random() * total;
    pick = n - 1;
    for (let i = 0; i < n; i++) {
      left -= nearest[i] ?? 0;
      if (left < 0) {
        pick = i;
        break;
      }
    }
  }
  return centres;
}

/** Index of the centre nearest to row `i` of `x`. */
function nearestCentre(x: Float32Array, i: number, centres: Float32Array, k: number, d: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let c = 0; c < k; c++) {
    const gap = distance(x, i, centres, c, d);
    if (gap < least) {
      least = gap;
      best = c;
    }
  }
  return best;
}

/** Groups the n rows of x (n × d) around at most k centres. Lloyd, 1982; a centre that loses its rows stays where it was. */
export function kmeans(
  x: Float32Array,
  n: number,
  d: number,
  k: number,
  { seed = 7, iterations = 25 }: { seed?: number; iterations?: number } = {},
): Clusters {
  const size = Math.max(1, Math.min(k, n));
  const centres = start(x, n, d, size, seededRandom(seed));
  const assignment = new Int32Array(n).fill(-1);
  for (let iteration = 0; iteration < iterations; iteration++) {
    let moved = 0;
    for (let i = 0; i < n; i++) {
      const c = nearestCentre(x, i, centres, size, d);
      if (assignment[i] !== c) moved++;
      assignment[i] = c;
    }
    if (moved === 0) break;
    const sums = new Float64Array(size * d);
    const counts = new Int32Array(size);
    for (let i = 0; i < n; i++) {
      const c = assignment[i] ?? 0;
      counts[c] = (counts[c] ?? 0) + 1;
      for (let a = 0; a < d; a++) sums[c * d + a] = (sums[c * d + a] ?? 0) + (x[i * d + a] ?? 0);
    }
    for (let c = 0; c < size; c++) {
      const count = counts[c] ?? 0;
      if (count > 0) for (let a = 0; a < d; a++) centres[c * d + a] = (sums[c * d + a] ?? 0) / count;
    }
  }
  return { k: size, centres, assignment };
}
