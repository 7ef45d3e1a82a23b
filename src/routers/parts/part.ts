import type { Csr } from '../numeric/csr.ts';
import type { FeatureName } from '../router.ts';
import type { Point, Points, Space, Want } from '../space.ts';
import type { RouterState } from '../trained.ts';
import type { FitOptions, TrainingSet } from '../training-set.ts';

/** What a part is fitted on: scores as deviations from each model's mean. */
export interface PartContext {
  readonly set: TrainingSet;
  readonly space: Space;
  readonly points: Points;
  /** n × m: score − mean of its model; 0 where none is recorded. */
  readonly deviations: Float64Array;
  /** n × m of 0 and 1; null when every score is recorded. */
  readonly recorded: Float64Array | null;
  readonly options: FitOptions;
}

/** What a part knows of a query: m deviations from the means, and their standard errors. */
export interface Deviations {
  readonly values: Float64Array;
  readonly stderr: Float64Array;
}

/** A fitted part. */
export interface FittedPart {
  readonly name: string;
  /** What it needs beside n-grams and structure; without that it abstains. */
  readonly needs?: readonly FeatureName[];
  /** Undefined when it abstains: the point lacks what it needs. */
  predict(point: Point): Deviations | undefined;
  /** Why, in words; `columns` are the models asked about, by their place among those learnt. */
  explain(point: Point, columns: readonly number[], models: readonly string[]): string[];
  /** Multiply-adds of one prediction, about. */
  readonly work: number;
  save(): Omit<RouterState, 'router'>;
}

/** One way to see how a query moves models away from their means. Parts are averaged or stacked into routers. */
export interface Part {
  readonly name: string;
  readonly wants: readonly Want[];
  /** Undefined when the set does not have what it needs, such as labels. */
  fit(context: PartContext): FittedPart | undefined;
  /** @throws `artifact_invalid` */
  load(state: RouterState, space: Space): FittedPart;
}

/** Mean squared residual of each column over its recorded rows. */
export function columnVariance(residuals: Float64Array, recorded: Float64Array | null, m: number): Float64Array {
  const sums = new Float64Array(m);
  const counts = new Float64Array(m);
  for (let i = 0; i < residuals.length; i++) {
    const weight = recorded === null ? 1 : (recorded[i] ?? 0);
    const value = residuals[i] ?? 0;
    sums[i % m] = (sums[i % m] ?? 0) + weight * value * value;
    counts[i % m] = (counts[i % m] ?? 0) + weight;
  }
  return sums.map((sum, c) => sum / Math.max(1, counts[c] ?? 0));
}

/** Average entries of a row. */
export function rowLength({ rows, columns }: Csr): number {
  return rows === 0 ? 0 : columns.length / rows;
}
