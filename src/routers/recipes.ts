import { nonNegativeLeastSquares } from './numeric/nonnegative.ts';

/** Which parts are summed with which weights. */
export interface Recipe {
  readonly name: string;
  /** Names of parts; the plain mean of those that there are. */
  readonly parts: readonly string[];
  /** Weights are learnt instead. */
  readonly stacked?: boolean;
}

/** Out-of-fold deviations: one n × m block per part; NaN in rows on which a part abstains. */
export interface PartForecasts {
  readonly names: readonly string[];
  readonly deviations: readonly Float64Array[];
  /** n × m: mean score of each model on the rows that a row's parts had seen. */
  readonly means: Float64Array;
}

/** Weights of a plain mean, one per part; undefined when the set lacks one of them. */
export function meanWeights({ parts }: Recipe, names: readonly string[]): number[] | undefined {
  if (!parts.every((part) => names.includes(part))) return undefined;
  return names.map((name) => (parts.includes(name) ? 1 / parts.length : 0));
}

/**
 * Weights that best explain how models differ on a query: non-negative least squares of (score − mean) on the parts'
 * deviations, both less their mean over the query's models, since what moves all models alike moves no choice. One
 * weight per part for all models: few numbers, little to overfit. Stacking: Wolpert, 1992; Breiman, 1996.
 */
export function stackWeights(
  { deviations, means }: PartForecasts,
  scores: Float64Array,
  m: number,
  counts: (row: number) => boolean,
): number[] {
  const p = deviations.length;
  const g = new Float64Array(p * p);
  const b = new Float64Array(p);
  const x = new Float64Array(p * m);
  const y = new Float64Array(m);
  for (let row = 0; row * m < scores.length; row++) {
    if (!counts(row)) continue;
    let recorded = 0;
    for (let c = 0; c < m; c++) {
      const score = scores[row * m + c] ?? Number.NaN;
      y[c] = score - (means[row * m + c] ?? 0);
      if (!Number.isNaN(score)) recorded++;
    }
    if (recorded < 2 || deviations.some((block) => Number.isNaN(block[row * m] ?? 0))) continue;
    const centre = (values: Float64Array, from: number): void => {
      let sum = 0;
      for (let c = 0; c < m; c++) if (!Number.isNaN(y[c] ?? Number.NaN)) sum += values[from + c] ?? 0;
      for (let c = 0; c < m; c++) values[from + c] = (values[from + c] ?? 0) - sum / recorded;
    };
    for (const [i, block] of deviations.entries()) {
      x.set(block.subarray(row * m, (row + 1) * m), i * m);
      centre(x, i * m);
    }
    centre(y, 0);
    for (let c = 0; c < m; c++) {
      const target = y[c] ?? Number.NaN;
      if (Number.isNaN(target)) continue;
      for (let i = 0; i < p; i++) {
        const value = x[i * m + c] ?? 0;
        b[i] = (b[i] ?? 0) + value * target;
        for (let j = 0; j < p; j++) g[i * p + j] = (g[i * p + j] ?? 0) + value * (x[j * m + c] ?? 0);
      }
    }
  }
  return Array.from(nonNegativeLeastSquares(g, b));
}

/** Weights on one row: those of parts that abstain there go to the others. */
function presentWeights(
  deviations: readonly Float64Array[],
  weights: readonly number[],
  at: number,
): readonly number[] {
  const there = weights.map((weight, i) => (Number.isNaN(deviations[i]?.[at] ?? 0) ? 0 : weight));
  const sum = (list: readonly number[]): number => list.reduce((total, weight) => total + weight, 0);
  const scale = sum(weights) / sum(there);
  return Number.isFinite(scale) ? there.map((weight) => weight * scale) : there;
}

/** q̂ of a weighted sum, n × m, within 0..1; `spare` are the weights of rows on which a part of `weights` abstains. */
export function combine(
  { deviations, means }: PartForecasts,
  weights: readonly number[],
  m: number,
  spare: readonly number[] = weights,
): Float64Array {
  const quality = means.slice();
  for (let from = 0; from < quality.length; from += m) {
    const abstains = deviations.some((block, i) => (weights[i] ?? 0) !== 0 && Number.isNaN(block[from] ?? 0));
    const counts = abstains ? presentWeights(deviations, spare, from) : weights;
    for (const [i, block] of deviations.entries()) {
      const weight = counts[i] ?? 0;
      if (weight === 0) continue;
      for (let at = from; at < from + m; at++) quality[at] = (quality[at] ?? 0) + weight * (block[at] ?? 0);
    }
  }
  return quality.map((value) => Math.min(1, Math.max(0, value)));
}
