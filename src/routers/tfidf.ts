import { NGRAM_BUCKETS } from '../query/ngrams.ts';
import { stackRows, type Csr, type SparseRow } from './numeric/csr.ts';
import { rankIndex, rankOf, type RankIndex } from './numeric/rank-index.ts';
import type { NgramCounts } from './router.ts';

/**
 * Which buckets count and how much. Weight of an n-gram = (1 + ln tf) · idf with idf = ln((1 + n) / (1 + df)) + 1, rows
 * scaled to length one (Salton and Buckley, 1988; the smoothed idf that scikit-learn uses).
 */
export interface TfIdf {
  /** Columns in use. */
  readonly size: number;
  /** Bucket of each column, ascending. */
  readonly buckets: Int32Array;
  /** One per column. */
  readonly idf: Float32Array;
  /** Finds the column of a bucket, see {@link columnOf}. */
  readonly index: RankIndex;
}

/** Column of a bucket, −1 = not in use. */
export function columnOf({ index }: Pick<TfIdf, 'index'>, bucket: number): number {
  return rankOf(index, bucket);
}

const LOGS = Float64Array.from({ length: 256 }, (_, tf) => 1 + Math.log(Math.max(1, tf)));

/**
 * Rebuilds the index from what an artifact holds.
 * @throws RangeError when buckets do not ascend.
 */
export function tfidfOf(buckets: Int32Array, idf: Float32Array): TfIdf {
  return { size: buckets.length, buckets, idf, index: rankIndex(buckets, NGRAM_BUCKETS) };
}

/**
 * Learns document frequencies. Buckets in fewer than `minDf` texts are left out, and of the rest the most frequent
 * `maxSize` are kept: what is seen once teaches nothing about another text.
 */
export function fitTfIdf(texts: readonly NgramCounts[], options: { minDf?: number; maxSize?: number } = {}): TfIdf {
  const { minDf = 2, maxSize = 2 ** 16 } = options;
  const df = new Int32Array(NGRAM_BUCKETS);
  for (const { buckets } of texts) for (const bucket of buckets) df[bucket] = (df[bucket] ?? 0) + 1;
  const least = texts.length < 4 ? 1 : minDf;
  let kept: number[] = [];
  for (let bucket = 0; bucket < df.length; bucket++) if ((df[bucket] ?? 0) >= least) kept.push(bucket);
  if (kept.length > maxSize) {
    kept.sort((a, b) => (df[b] ?? 0) - (df[a] ?? 0) || a - b);
    kept = kept.slice(0, maxSize).sort((a, b) => a - b);
  }
  const buckets = Int32Array.from(kept);
  const idf = Float32Array.from(kept, (bucket) => Math.log((1 + texts.length) / (1 + (df[bucket] ?? 0))) + 1);
  return tfidfOf(buckets, idf);
}

/**
 * Writes a text's columns and values, a unit row, into the beginnings of two arrays that have room for all its n-grams, and
 * returns how many columns it has. Without any known n-gram it is empty.
 */
export function vectoriseInto(
  { index, idf }: TfIdf,
  { buckets, counts }: NgramCounts,
  columns: Int32Array,
  values: Float32Array,
): number {
  let size = 0;
  let norm = 0;
  for (let i = 0; i < buckets.length; i++) {
    const column = rankOf(index, buckets[i] ?? 0);
    if (column === -1) continue;
    const tf = counts[i] ?? 0;
    const value = (LOGS[tf] ?? 1 + Math.log(tf)) * (idf[column] ?? 0);
    columns[size] = column;
    values[size++] = value;
    norm += value * value;
  }
  const scale = norm > 0 ? 1 / Math.sqrt(norm) : 0;
  for (let i = 0; i < size; i++) values[i] = (values[i] ?? 0) * scale;
  return size;
}

/** A text as a unit row over the columns in use; without any known n-gram it is empty. */
export function vectorise(tfidf: TfIdf, ngrams: NgramCounts): SparseRow {
  const columns = new Int32Array(ngrams.buckets.length);
  const values = new Float32Array(ngrams.buckets.length);
  const size = vectoriseInto(tfidf, ngrams, columns, values);
  return { columns: columns.subarray(0, size), values: values.subarray(0, size) };
}

/** Texts as the rows of a sparse matrix. */
export function vectoriseAll(tfidf: TfIdf, texts: readonly NgramCounts[]): Csr {
  return stackRows(
    texts.map((text) => vectorise(tfidf, text)),
    tfidf.size,
  );
}
