import { ngramsOf, NGRAM_BUCKETS } from '../../query/ngrams.ts';
import type { Query } from '../../query/query.ts';
import { conjugateGradient } from '../../routers/numeric/conjugate-gradient.ts';
import { multiply, multiplyTransposed, stackRows, type Csr, type SparseRow } from '../../routers/numeric/csr.ts';
import type { Features, NgramCounts } from '../../routers/router.ts';
import { checkpoint, columnMeans, type FitOptions, type TrainingSet } from '../../routers/training-set.ts';
import { foldsOf } from '../../routers/numeric/folds.ts';
import { createNearestMeans } from './neighbours.ts';

/** Ridge penalty, on rows of length one. */
const PENALTY = 30;
/** Nearest neighbours. */
const NEIGHBOURS = 100;
/** Imaginary neighbours at the model's mean. */
const PSEUDO = 5;

/** The parts of the prototype: one, or the mean of both. */
export type PrototypeParts = 'ridge' | 'knn' | 'blend';

/** Texts are judged again and again across folds: counting their n-grams once is enough. */
const counted = new WeakMap<Query, NgramCounts>();

/** N-grams of the whole text: the prototype knows nothing of instruction and payload. */
function textNgrams({ query, ngrams }: Features): NgramCounts {
  if (ngrams !== undefined && query.instruction === query.text) return ngrams;
  const known = counted.get(query);
  if (known !== undefined) return known;
  const fresh = ngramsOf(query.text);
  counted.set(query, fresh);
  return fresh;
}

/** Rows of length one over the buckets that training saw. */
interface Vectoriser {
  /** Buckets that training saw; the most frequent come first, which keeps the hot ones together in memory. */
  readonly size: number;
  row(text: NgramCounts): SparseRow;
}

/** TF-IDF over every bucket: also those that training never saw count for the length, so that a strange text's row is weak. */
function vectoriserOf(texts: readonly NgramCounts[]): Vectoriser {
  const df = new Int32Array(NGRAM_BUCKETS);
  let size = 0;
  for (const { buckets } of texts) {
    for (const bucket of buckets) {
      const count = df[bucket] ?? 0;
      if (count === 0) size++;
      df[bucket] = count + 1;
    }
  }
  const seen = new Int32Array(size);
  for (let bucket = 0, at = 0; bucket < df.length; bucket++) if ((df[bucket] ?? 0) > 0) seen[at++] = bucket;
  seen.sort((a, b) => (df[b] ?? 0) - (df[a] ?? 0) || a - b);
  const columns = new Int32Array(NGRAM_BUCKETS).fill(-1);
  for (let column = 0; column < size; column++) columns[seen[column] ?? 0] = column;
  // Inverse document frequency by document count, 0 included.
  const idf = Float64Array.from({ length: texts.length + 1 }, (_, n) => Math.log((1 + texts.length) / (1 + n)) + 1);
  return {
    size,
    row({ buckets, counts }) {
      const values = new Float32Array(buckets.length);
      const at = new Int32Array(buckets.length);
      let kept = 0;
      let norm = 0;
      for (let i = 0; i < buckets.length; i++) {
        const bucket = buckets[i] ?? 0;
        const value = (1 + Math.log(Math.max(1, counts[i] ?? 1))) * (idf[df[bucket] ?? 0] ?? 0);
        norm += value * value;
        const column = columns[bucket] ?? -1;
        if (column === -1) continue;
        at[kept] = column;
        values[kept++] = value;
      }
      const scale = norm > 0 ? 1 / Math.sqrt(norm) : 0;
      return { columns: at.subarray(0, kept), values: values.subarray(0, kept).map((value) => value * scale) };
    },
  };
}

/**
 * Ridge regression of the scores less each model's mean, in the dual: (X·Xᵀ + λI)·α = Y, W = Xᵀ·α, so that the iterations
 * move n × m numbers and not 2^18 × m. A missing score takes no part in its own column.
 */
function fitRidge(x: Csr, residuals: Float64Array, m: number): Float64Array {
  const present = residuals.map((value) => (Number.isNaN(value) ? 0 : 1));
  const target = residuals.map((value) => (Number.isNaN(value) ? 0 : value));
  const weights = new Float64Array(x.cols * m);
  const alpha = conjugateGradient(
    (p, out) => {
      multiplyTransposed(x, p, m, weights);
      multiply(x, weights, m, out);
      for (let i = 0; i < out.length; i++) out[i] = ((out[i] ?? 0) + PENALTY * (p[i] ?? 0)) * (present[i] ?? 0);
    },
    target,
    { k: m, tolerance: 1e-2 },
  );
  multiplyTransposed(x, alpha, m, weights);
  return weights;
}

/** What the prototype has learnt. */
export interface Prototype {
  /** n × m predicted qualities. */
  predict(features: readonly Features[]): Float64Array;
  /** n × m for its own training rows, each predicted from other folds only. */
  outOfFold(folds: number): Float64Array;
}

/**
 * The reference that every router is measured against: word 1–2-grams and character 3–4-grams of the whole text hashed to
 * 2^18 buckets, TF-IDF, rows of length one; the mean of a ridge regression and of the 100 nearest neighbours per model.
 * Costs are a line in the text's length, see `length-line.ts`. Nothing is tuned; anything that cannot beat it has no
 * business being trained.
 */
export function fitPrototype(set: TrainingSet, options: FitOptions, parts: PrototypeParts = 'blend'): Prototype {
  const m = set.models.length;
  const texts = set.features.map(textNgrams);
  const vectoriser = vectoriserOf(texts);
  const x = stackRows(texts.map(vectoriser.row), vectoriser.size);
  checkpoint(options, 0.1);
  const means = columnMeans(set.scores, m);
  const residuals = set.scores.map((score, i) => score - (means[i % m] ?? 0));
  const weights = parts === 'knn' ? undefined : fitRidge(x, residuals, m);
  const nearest =
    parts === 'ridge' ? undefined : createNearestMeans(x, residuals, m, { k: NEIGHBOURS, pseudo: PSEUDO });
  checkpoint(options, 1);
  const combine = (rows: Csr, ridge: Float64Array | undefined, knn: Float64Array | undefined): Float64Array => {
    const out = new Float64Array(rows.rows * m);
    for (let i = 0; i < out.length; i++) {
      const a = ridge?.[i] ?? knn?.[i] ?? 0;
      const b = knn?.[i] ?? a;
      out[i] = (means[i % m] ?? 0) + (a + b) / 2;
    }
    return out;
  };
  const ridgeOf = (rows: Csr, w: Float64Array): Float64Array => {
    const out = new Float64Array(rows.rows * m);
    multiply(rows, w, m, out);
    return out;
  };
  return {
    predict(features) {
      const rows = stackRows(
        features.map((row) => vectoriser.row(textNgrams(row))),
        vectoriser.size,
      );
      return combine(rows, weights === undefined ? undefined : ridgeOf(rows, weights), nearest?.(rows));
    },
    outOfFold(k) {
      const folds = foldsOf(set.groups, k, options.seed);
      const ridge = parts === 'knn' ? undefined : ridgeOutOfFold(x, residuals, m, folds, k, options);
      return combine(x, ridge, nearest?.(x, folds));
    },
  };
}

/** A row that a fold may not learn from is one without scores; means and document frequencies are those of all rows. */
function ridgeOutOfFold(
  x: Csr,
  residuals: Float64Array,
  m: number,
  folds: Int32Array,
  k: number,
  options: FitOptions,
): Float64Array {
  const out = new Float64Array(residuals.length);
  const all = new Float64Array(residuals.length);
  for (let fold = 0; fold < k; fold++) {
    const outside = residuals.map((value, i) => (folds[Math.floor(i / m)] === fold ? Number.NaN : value));
    multiply(x, fitRidge(x, outside, m), m, all);
    for (let i = 0; i < out.length; i++) if (folds[Math.floor(i / m)] === fold) out[i] = all[i] ?? 0;
    checkpoint(options, (fold + 1) / k);
  }
  return out;
}
