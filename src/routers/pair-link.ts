import { cholesky, choleskySolve } from './numeric/dense.ts';

/** q_m = σ(αₘ + β·δ̃ₘ + γ·ℓ): δ̃ a model's score less its mean over training queries, ℓ the query's level. */
export interface PairLink {
  /** αₘ − β·mean δₘ, one per model. */
  readonly intercepts: Float64Array;
  /** β */
  readonly slope: number;
  /** γ */
  readonly levelSlope: number;
}

/** Strength of the ridge on a query's level, in rows. */
const LEVEL_RIDGE = 100;

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

function logit(p: number): number {
  const kept = Math.min(1 - 1e-3, Math.max(1e-3, p));
  return Math.log(kept / (1 - kept));
}

/**
 * Weights of a query's level: the mean of its recorded scores less their models' means, as a ridge regression on its
 * `size` inputs; the last weight is the constant.
 */
export function fitLevel(
  x: Float32Array,
  size: number,
  scores: Float64Array,
  means: Float64Array,
  rows: Int32Array,
): Float64Array {
  const m = means.length;
  const d = size + 1;
  const a = new Float64Array(d * d);
  const b = new Float64Array(d);
  for (let i = 0; i < size; i++) a[i * d + i] = LEVEL_RIDGE;
  a[d * d - 1] = 1;
  for (const row of rows) {
    let sum = 0;
    let recorded = 0;
    for (let c = 0; c < m; c++) {
      const score = scores[row * m + c] ?? Number.NaN;
      if (Number.isNaN(score)) continue;
      sum += score - (means[c] ?? 0);
      recorded++;
    }
    if (recorded === 0) continue;
    for (let i = 0; i < d; i++) {
      const value = i === size ? 1 : (x[row * size + i] ?? 0);
      if (value === 0) continue;
      b[i] = (b[i] ?? 0) + (value * sum) / recorded;
      for (let j = 0; j <= i; j++) {
        a[i * d + j] = (a[i * d + j] ?? 0) + value * (j === size ? 1 : (x[row * size + j] ?? 0));
      }
    }
  }
  return choleskySolve(cholesky(a, d), d, b, 1);
}

/** ℓ of the row of `x` that starts at `at`. */
export function levelOf(weights: Float64Array, x: ArrayLike<number>, at: number): number {
  const size = weights.length - 1;
  let sum = weights[size] ?? 0;
  for (let i = 0; i < size; i++) sum += (weights[i] ?? 0) * (x[at + i] ?? 0);
  return sum;
}

/** σ(intercept + β·δ + γ·ℓ). */
export function pairLinked(
  { intercepts, slope, levelSlope }: PairLink,
  c: number,
  delta: number,
  level: number,
): number {
  return logistic((intercepts[c] ?? 0) + slope * delta + levelSlope * level);
}

/**
 * Fits β and γ, both at least 0, by logistic regression on `rows` that the scores had not seen (Platt, 1999), models
 * together, each with its own mean as an offset: how far such scores can be trusted. αₘ then makes each model's mean
 * prediction its mean score. Without such rows β = γ = 0: the mean scores.
 */
export function fitPairLink(
  delta: Float64Array,
  levels: Float64Array,
  scores: Float64Array,
  means: Float64Array,
  rows: Int32Array,
): PairLink {
  const m = means.length;
  const n = levels.length;
  const offsets = means.map(logit);
  const centres = new Float64Array(m);
  for (let i = 0; i < delta.length; i++) centres[i % m] = (centres[i % m] ?? 0) + (delta[i] ?? 0) / n;
  let slope = 0;
  let levelSlope = 0;
  // One pseudo-observation at 0 keeps the normal equations sound.
  for (let step = 0; step < 25; step++) {
    let [gd, gl, hdd, hdl, hll] = [-1e-3 * slope, -1e-3 * levelSlope, 1e-3, 0, 1e-3];
    for (const row of rows) {
      const level = levels[row] ?? 0;
      for (let c = 0; c < m; c++) {
        const score = scores[row * m + c] ?? Number.NaN;
        if (Number.isNaN(score)) continue;
        const d = (delta[row * m + c] ?? 0) - (centres[c] ?? 0);
        const p = logistic((offsets[c] ?? 0) + slope * d + levelSlope * level);
        const w = p * (1 - p);
        gd += (score - p) * d;
        gl += (score - p) * level;
        hdd += w * d * d;
        hdl += w * d * level;
        hll += w * level * level;
      }
    }
    const determinant = hdd * hll - hdl * hdl;
    if (!(determinant > 0)) break;
    const [moveD, moveL] = [(hll * gd - hdl * gl) / determinant, (hdd * gl - hdl * gd) / determinant];
    slope = Math.max(0, slope + moveD);
    levelSlope = Math.max(0, levelSlope + moveL);
    if (Math.abs(moveD) + Math.abs(moveL) < 1e-9) break;
  }
  const intercepts = offsets.map((offset, c) => offset - slope * (centres[c] ?? 0));
  const link = { intercepts, slope, levelSlope };
  for (let c = 0; c < m; c++) matchMean(link, c, delta, levels, scores, m);
  return link;
}

/** Moves one intercept so that the mean prediction over its recorded rows is their mean score, kept off 0 and 1. */
function matchMean(
  link: PairLink,
  c: number,
  delta: Float64Array,
  levels: Float64Array,
  scores: Float64Array,
  m: number,
): void {
  for (let step = 0; step < 25; step++) {
    let [gradient, curvature] = [0, 1e-6];
    for (let row = 0; row < levels.length; row++) {
      const score = scores[row * m + c] ?? Number.NaN;
      if (Number.isNaN(score)) continue;
      const p = pairLinked(link, c, delta[row * m + c] ?? 0, levels[row] ?? 0);
      gradient += Math.min(1 - 1e-3, Math.max(1e-3, score)) - p;
      curvature += p * (1 - p);
    }
    const move = Math.max(-1, Math.min(1, gradient / curvature));
    link.intercepts[c] = (link.intercepts[c] ?? 0) + move;
    if (Math.abs(move) < 1e-9) break;
  }
}
