import type { Csr, SparseRow } from './csr.ts';

/** Rows by column: which rows hold a column and how much. Rows keep only their largest entries. */
export interface Postings {
  readonly rows: number;
  readonly cols: number;
  readonly starts: Int32Array;
  /** In 16 bits where rows are few enough: a router is mostly these. */
  readonly members: Int32Array | Uint16Array;
  readonly values: Float32Array;
}

/** Columns of the `most` largest values of a row; ties by column. */
function largest({ columns, values }: SparseRow, most: number): Int32Array {
  const order = Int32Array.from(columns.keys());
  if (order.length <= most) return order;
  return order
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || (columns[a] ?? 0) - (columns[b] ?? 0))
    .subarray(0, most)
    .sort();
}

/** Turns rows (restricted to columns below `cols`) into postings with at most `budget` entries in all. */
export function fitPostings(x: Csr, cols: number, budget: number): Postings {
  const perRow = Math.max(16, Math.floor(budget / Math.max(1, x.rows)));
  const kept: SparseRow[] = [];
  const counts = new Int32Array(cols + 1);
  for (let i = 0; i < x.rows; i++) {
    const from = x.starts[i] ?? 0;
    let to = x.starts[i + 1] ?? from;
    while (to > from && (x.columns[to - 1] ?? 0) >= cols) to--;
    const row = { columns: x.columns.subarray(from, to), values: x.values.subarray(from, to) };
    const order = largest(row, perRow);
    const short = {
      columns: Int32Array.from(order, (p) => row.columns[p] ?? 0),
      values: Float32Array.from(order, (p) => row.values[p] ?? 0),
    };
    kept.push(short);
    for (const column of short.columns) counts[column + 1] = (counts[column + 1] ?? 0) + 1;
  }
  for (let c = 0; c < cols; c++) counts[c + 1] = (counts[c + 1] ?? 0) + (counts[c] ?? 0);
  const next = counts.slice();
  const size = counts[cols] ?? 0;
  const members = x.rows <= 2 ** 16 ? new Uint16Array(size) : new Int32Array(size);
  const values = new Float32Array(size);
  for (const [i, row] of kept.entries()) {
    for (const [p, column] of row.columns.entries()) {
      const at = next[column] ?? 0;
      next[column] = at + 1;
      members[at] = i;
      values[at] = row.values[p] ?? 0;
    }
  }
  return { rows: x.rows, cols, starts: counts, members, values };
}

/** The nearest rows, best first. */
export interface Nearest {
  readonly rows: Int32Array;
  readonly similarity: Float32Array;
}

/** Inner products of a row with every row, by walking the postings of its columns. */
function products({ rows, cols, starts, members, values }: Postings, row: SparseRow): Float32Array {
  const sums = new Float32Array(rows);
  for (let p = 0; p < row.columns.length; p++) {
    const column = row.columns[p] ?? 0;
    if (column >= cols) continue;
    const value = row.values[p] ?? 0;
    const to = starts[column + 1] ?? 0;
    for (let at = starts[column] ?? 0; at < to; at++) {
      const member = members[at] ?? 0;
      sums[member] = (sums[member] ?? 0) + value * (values[at] ?? 0);
    }
  }
  return sums;
}

/**
 * The `k` rows of the largest `scores`, best first, ties by row: a heap of the k best so far with the worst on top
 * (Knuth, TAOCP 5.2.3).
 */
export function topRows(scores: Float32Array, k: number): Nearest {
  const size = Math.min(k, scores.length);
  const heap = new Int32Array(size);
  const worse = (a: number, b: number): boolean => {
    const x = scores[a] ?? 0;
    const y = scores[b] ?? 0;
    return x === y ? a > b : x < y;
  };
  const sink = (from: number, end: number): void => {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= end) return;
      if (child + 1 < end && worse(heap[child + 1] ?? 0, heap[child] ?? 0)) child++;
      if (!worse(heap[child] ?? 0, heap[at] ?? 0)) return;
      const swap = heap[at] ?? 0;
      heap[at] = heap[child] ?? 0;
      heap[child] = swap;
      at = child;
    }
  };
  for (let i = 0; i < size; i++) heap[i] = i;
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(i, size);
  for (let i = size; i < scores.length; i++) {
    if (!worse(heap[0] ?? 0, i)) continue;
    heap[0] = i;
    sink(0, size);
  }
  // Taking the worst away again and again leaves the best in front.
  for (let end = size - 1; end > 0; end--) {
    const swap = heap[0] ?? 0;
    heap[0] = heap[end] ?? 0;
    heap[end] = swap;
    sink(0, end);
  }
  return { rows: heap, similarity: Float32Array.from(heap, (i) => scores[i] ?? 0) };
}

/** The `k` rows most similar to a row by inner product (cosine, for unit rows). */
export function nearestRows(postings: Postings, row: SparseRow, k: number): Nearest {
  return topRows(products(postings, row), k);
}
