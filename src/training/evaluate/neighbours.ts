import type { Csr } from '../../routers/numeric/csr.ts';

/** The columns of a sparse matrix as lists of rows. */
interface Postings {
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float32Array;
}

function postingsOf({ rows, cols, starts, columns, values }: Csr): Postings {
  const begins = new Int32Array(cols + 1);
  for (const column of columns) begins[column + 1] = (begins[column + 1] ?? 0) + 1;
  for (let c = 0; c < cols; c++) begins[c + 1] = (begins[c + 1] ?? 0) + (begins[c] ?? 0);
  const next = begins.slice();
  const members = new Int32Array(columns.length);
  const weights = new Float32Array(columns.length);
  for (let i = 0; i < rows; i++) {
    for (let p = starts[i] ?? 0; p < (starts[i + 1] ?? 0); p++) {
      const column = columns[p] ?? 0;
      const to = next[column] ?? 0;
      next[column] = to + 1;
      members[to] = i;
      weights[to] = values[p] ?? 0;
    }
  }
  return { starts: begins, rows: members, values: weights };
}

export interface NearestOptions {
  readonly k: number;
  /** Imaginary neighbours of similarity 1 whose targets are 0: they hold back what few or distant neighbours say. */
  readonly pseudo: number;
}

/** The k largest of `similarity` among the rows that `allowed` lets in, in a heap whose root is the smallest; ties: the earlier row. */
function selectNearest(
  similarity: Float64Array,
  k: number,
  allowed: (row: number) => boolean,
  heap: Int32Array,
): number {
  let size = 0;
  const worse = (a: number, b: number): boolean => {
    const difference = (similarity[a] ?? 0) - (similarity[b] ?? 0);
    return difference < 0 || (difference === 0 && a > b);
  };
  const sink = (): void => {
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) return;
      if (child + 1 < size && worse(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
      const [parent, lower] = [heap[at] ?? 0, heap[child] ?? 0];
      if (!worse(lower, parent)) return;
      heap[at] = lower;
      heap[child] = parent;
      at = child;
    }
  };
  for (let row = 0; row < similarity.length; row++) {
    if (!allowed(row)) continue;
    if (size < k) {
      let at = size++;
      heap[at] = row;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const [above, here] = [heap[parent] ?? 0, heap[at] ?? 0];
        if (!worse(here, above)) break;
        heap[parent] = here;
        heap[at] = above;
        at = parent;
      }
    } else if (worse(heap[0] ?? 0, row)) {
      heap[0] = row;
      sink();
    }
  }
  return size;
}

/** The mean of the targets of the nearest rows, for each of some queries. */
export type NearestMeans = (queries: Csr, folds?: Int32Array) => Float64Array;

/**
 * For each query the mean of the targets (n × m, NaN = missing) of its k nearest rows, weighted by their similarity: the
 * cosine, rows and queries being of length one. Where the queries are the rows themselves, `folds` keeps neighbours out of
 * the query's own fold. Exact, through lists of rows per column. O(queries · Σ postings).
 */
export function createNearestMeans(
  rows: Csr,
  targets: Float64Array,
  m: number,
  { k, pseudo }: NearestOptions,
): NearestMeans {
  const postings = postingsOf(rows);
  const similarity = new Float64Array(rows.rows);
  const heap = new Int32Array(k);
  const sums = new Float64Array(m);
  const weights = new Float64Array(m);
  const measure = (queries: Csr, i: number): void => {
    similarity.fill(0);
    for (let p = queries.starts[i] ?? 0; p < (queries.starts[i + 1] ?? 0); p++) {
      const column = queries.columns[p] ?? 0;
      const value = queries.values[p] ?? 0;
      const to = postings.starts[column + 1] ?? 0;
      for (let e = postings.starts[column] ?? 0; e < to; e++) {
        const row = postings.rows[e] ?? 0;
        similarity[row] = (similarity[row] ?? 0) + value * (postings.values[e] ?? 0);
      }
    }
  };
  return (queries, folds) => {
    const out = new Float64Array(queries.rows * m);
    for (let i = 0; i < queries.rows; i++) {
      measure(queries, i);
      const own = folds?.[i];
      const size = selectNearest(similarity, k, own === undefined ? () => true : (row) => folds?.[row] !== own, heap);
      sums.fill(0);
      weights.fill(pseudo);
      for (let h = 0; h < size; h++) {
        const row = heap[h] ?? 0;
        const weight = similarity[row] ?? 0;
        for (let j = 0; j < m; j++) {
          const target = targets[row * m + j] ?? Number.NaN;
          if (Number.isNaN(target)) continue;
          sums[j] = (sums[j] ?? 0) + weight * target;
          weights[j] = (weights[j] ?? 0) + weight;
        }
      }
      for (let j = 0; j < m; j++) out[i * m + j] = (weights[j] ?? 0) > 0 ? (sums[j] ?? 0) / (weights[j] ?? 1) : 0;
    }
    return out;
  };
}
