/** A sparse matrix in compressed rows: row i holds columns `columns[starts[i]..starts[i + 1])`. */
export interface Csr {
  readonly rows: number;
  readonly cols: number;
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** One row's columns and values. */
export interface SparseRow {
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** Stacks rows into a matrix with `cols` columns. */
export function stackRows(rows: readonly SparseRow[], cols: number): Csr {
  const starts = new Int32Array(rows.length + 1);
  for (const [i, row] of rows.entries()) starts[i + 1] = (starts[i] ?? 0) + row.columns.length;
  const size = starts[rows.length] ?? 0;
  const columns = new Int32Array(size);
  const values = new Float32Array(size);
  for (const [i, row] of rows.entries()) {
    columns.set(row.columns, starts[i] ?? 0);
    values.set(row.values, starts[i] ?? 0);
  }
  return { rows: rows.length, cols, starts, columns, values };
}

/** A full matrix (rows × cols, row-major) as a sparse one; its values are shared, not copied. */
export function denseRows(values: Float32Array, cols: number): Csr {
  const rows = cols === 0 ? 0 : values.length / cols;
  return {
    rows,
    cols,
    starts: Int32Array.from({ length: rows + 1 }, (_, i) => i * cols),
    columns: Int32Array.from(values, (_, i) => i % cols),
    values,
  };
}

/** A view of row i. */
export function rowOf(matrix: Csr, i: number): SparseRow {
  const from = matrix.starts[i] ?? 0;
  const to = matrix.starts[i + 1] ?? from;
  return { columns: matrix.columns.subarray(from, to), values: matrix.values.subarray(from, to) };
}

/** The rows at `picked`, in that order. */
export function pickRows(matrix: Csr, picked: Int32Array): Csr {
  return stackRows(
    Array.from(picked, (i) => rowOf(matrix, i)),
    matrix.cols,
  );
}

/**
 * out (rows × k) = X (rows × cols) · B (cols × k); both dense, row-major. Eight entries at a time, so that `out` is read and
 * written less often: less than half the time. Every sum adds its terms in the order of the row's entries.
 */
export function multiply(x: Csr, b: Float64Array, k: number, out: Float64Array): void {
  out.fill(0);
  const { starts, columns, values } = x;
  for (let i = 0; i < x.rows; i++) {
    const to = starts[i + 1] ?? 0;
    const at = i * k;
    let p = starts[i] ?? 0;
    for (; p + 8 <= to; p += 8) {
      const v0 = values[p] ?? 0;
      const v1 = values[p + 1] ?? 0;
      const v2 = values[p + 2] ?? 0;
      const v3 = values[p + 3] ?? 0;
      const v4 = values[p + 4] ?? 0;
      const v5 = values[p + 5] ?? 0;
      const v6 = values[p + 6] ?? 0;
      const v7 = values[p + 7] ?? 0;
      const f0 = (columns[p] ?? 0) * k;
      const f1 = (columns[p + 1] ?? 0) * k;
      const f2 = (columns[p + 2] ?? 0) * k;
      const f3 = (columns[p + 3] ?? 0) * k;
      const f4 = (columns[p + 4] ?? 0) * k;
      const f5 = (columns[p + 5] ?? 0) * k;
      const f6 = (columns[p + 6] ?? 0) * k;
      const f7 = (columns[p + 7] ?? 0) * k;
      for (let c = 0; c < k; c++) {
        out[at + c] =
          (out[at + c] ?? 0) +
          v0 * (b[f0 + c] ?? 0) +
          v1 * (b[f1 + c] ?? 0) +
          v2 * (b[f2 + c] ?? 0) +
          v3 * (b[f3 + c] ?? 0) +
          v4 * (b[f4 + c] ?? 0) +
          v5 * (b[f5 + c] ?? 0) +
          v6 * (b[f6 + c] ?? 0) +
          v7 * (b[f7 + c] ?? 0);
      }
    }
    for (; p < to; p++) {
      const value = values[p] ?? 0;
      const from = (columns[p] ?? 0) * k;
      for (let c = 0; c < k; c++) out[at + c] = (out[at + c] ?? 0) + value * (b[from + c] ?? 0);
    }
  }
}

/**
 * Xᵀ as a matrix of its own: worth its memory where Xᵀ·Y is wanted again and again, because {@link multiply} by it takes a
 * third of the time of {@link multiplyTransposed}. Its rows hold columns in ascending order.
 */
export function transpose({ rows, cols, starts, columns, values }: Csr): Csr {
  const next = new Int32Array(cols + 1);
  for (const column of columns) next[column + 1] = (next[column + 1] ?? 0) + 1;
  for (let c = 0; c < cols; c++) next[c + 1] = (next[c + 1] ?? 0) + (next[c] ?? 0);
  const first = next.slice();
  const rowNumbers = new Int32Array(columns.length);
  const turned = new Float32Array(columns.length);
  for (let i = 0; i < rows; i++) {
    const end = starts[i + 1] ?? 0;
    for (let p = starts[i] ?? 0; p < end; p++) {
      const column = columns[p] ?? 0;
      const to = next[column] ?? 0;
      next[column] = to + 1;
      rowNumbers[to] = i;
      turned[to] = values[p] ?? 0;
    }
  }
  return { rows: cols, cols: rows, starts: first, columns: rowNumbers, values: turned };
}

/** out (cols × k) = Xᵀ (cols × rows) · Y (rows × k); both dense, row-major. */
export function multiplyTransposed(x: Csr, y: Float64Array, k: number, out: Float64Array): void {
  out.fill(0);
  const { starts, columns, values } = x;
  for (let i = 0; i < x.rows; i++) {
    const to = starts[i + 1] ?? 0;
    const from = i * k;
    for (let p = starts[i] ?? 0; p < to; p++) {
      const value = values[p] ?? 0;
      const at = (columns[p] ?? 0) * k;
      for (let c = 0; c < k; c++) out[at + c] = (out[at + c] ?? 0) + value * (y[from + c] ?? 0);
    }
  }
}
