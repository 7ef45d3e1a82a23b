import type { Model } from '../catalog/model.ts';
import type { Query } from '../query/query.ts';

/** What a router may ask `query/` to compute. Every router has `query`. */
export type FeatureName = 'difficulty' | 'ngrams' | 'structure' | 'embedding';

/** Hashed n-grams of a text with their counts, in order of first occurrence; no bucket twice. */
export interface NgramCounts {
  /** Bucket numbers, 0 ≤ b < 2^18. */
  readonly buckets: Int32Array;
  /** Occurrences, one per bucket. */
  readonly counts: Uint16Array;
}

/** What was computed for one request: the query and the features that the active router needs. */
export interface Features {
  readonly query: Query;
  /** How hard the instruction looks, on the logit scale: 0 is average. */
  readonly difficulty?: number | undefined;
  /** Word and character n-grams of the instruction. */
  readonly ngrams?: NgramCounts | undefined;
  /** Numbers about form: length, digits, code, maths, options, script, tools, turns. Order and meaning: `query/structure.ts`. */
  readonly structure?: Float64Array | undefined;
  /** A dense vector from an embedder; absent when it failed or was late. */
  readonly embedding?: Float32Array | undefined;
}

/** Predicted quality of one model on one query, 0..1, with its standard error. */
export interface Prediction {
  readonly quality: number;
  readonly stderr: number;
}

/**
 * An algorithm that predicts each candidate's quality for a query. Pure and synchronous: same features and models,
 * same predictions, in the order of `models`.
 */
export interface Router {
  readonly name: string;
  readonly needs: readonly FeatureName[];
  predict(features: Features, models: readonly Model[]): Prediction[];
  /** Why, in words, one line per reason. */
  explain(features: Features, models: readonly Model[]): string[];
}
