import type { Features } from './router.ts';

/**
 * What a router learns from: n queries × m models of recorded scores, row-major. Features are computed exactly as they
 * are for a live request.
 */
export interface TrainingSet {
  /** Column names: m models. */
  readonly models: readonly string[];
  /** One per query. */
  readonly ids: readonly string[];
  readonly features: readonly Features[];
  /** n × m, 0..1; NaN = not recorded. */
  readonly scores: Float64Array;
  /** Benchmark or subject of each query, where known; `''` = unknown. */
  readonly labels: readonly string[];
  /** Rows of one group are one query asked again: they never stand on both sides of a split. */
  readonly groups: Int32Array;
  /** n × m USD per query; NaN = unknown. */
  readonly costs: Float64Array;
  /** n × m tokens; NaN = unknown. */
  readonly outputTokens: Float64Array;
}

/** How to fit. */
export interface FitOptions {
  readonly seed: number;
  /** Told now and then how far the work is, 0..1. */
  readonly progress?: (share: number) => void;
  /** Asked now and then; a true answer ends the fit by throwing {@link FitCancelled}. */
  readonly cancelled?: () => boolean;
}

/** A fit that was asked to stop. */
export class FitCancelled extends Error {
  override readonly name = 'FitCancelled';
}

/** Throws when the fit was asked to stop, and tells how far it is. */
export function checkpoint({ cancelled, progress }: FitOptions, share: number): void {
  if (cancelled?.() === true) throw new FitCancelled('the fit was cancelled');
  progress?.(share);
}

/** The rows of a set at `indices`, in that order; features are shared, not copied. */
export function takeRows(set: TrainingSet, indices: readonly number[] | Int32Array): TrainingSet {
  const m = set.models.length;
  const rows = Array.from(indices);
  const table = (source: Float64Array): Float64Array => {
    const out = new Float64Array(rows.length * m);
    for (const [to, from] of rows.entries()) out.set(source.subarray(from * m, (from + 1) * m), to * m);
    return out;
  };
  const list = <T>(source: readonly T[]): T[] =>
    rows.map((from) => {
      const item = source[from];
      if (item === undefined) throw new RangeError(`row ${from} is not in the set`);
      return item;
    });
  return {
    models: set.models,
    ids: list(set.ids),
    features: list(set.features),
    scores: table(set.scores),
    labels: list(set.labels),
    groups: Int32Array.from(rows, (from) => set.groups[from] ?? 0),
    costs: table(set.costs),
    outputTokens: table(set.outputTokens),
  };
}

/** Mean of each of the m columns over its recorded rows; `fallback` for a column without any. */
export function columnMeans(table: Float64Array, m: number, fallback = 0.5): Float64Array {
  const sums = new Float64Array(m);
  const counts = new Float64Array(m);
  for (let i = 0; i < table.length; i++) {
    const value = table[i] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    const column = i % m;
    sums[column] = (sums[column] ?? 0) + value;
    counts[column] = (counts[column] ?? 0) + 1;
  }
  return sums.map((sum, column) => ((counts[column] ?? 0) > 0 ? sum / (counts[column] ?? 1) : fallback));
}
