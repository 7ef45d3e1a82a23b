/** Square and rectangular matrices are row-major Float64Arrays; sizes are passed beside them. */

/** Lower Cholesky factor L of a symmetric positive definite n × n matrix; a pivot that is not positive is lifted to `jitter`. */
export function cholesky(a: Float64Array, n: number, jitter = 1e-10): Float64Array {
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (l[i * n + k] ?? 0) * (l[j * n + k] ?? 0);
      if (i === j) l[i * n + i] = Math.sqrt(Math.max(sum, jitter));
      else l[i * n + j] = sum / (l[j * n + j] ?? 1);
    }
  }
  return l;
}

/** Solves A·X = B in place of a copy of B (n × k), given A's lower Cholesky factor. */
export function choleskySolve(l: Float64Array, n: number, b: Float64Array, k: number): Float64Array {
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const factor = l[i * n + j] ?? 0;
      for (let c = 0; c < k; c++) x[i * k + c] = (x[i * k + c] ?? 0) - factor * (x[j * k + c] ?? 0);
    }
    const pivot = l[i * n + i] ?? 1;
    for (let c = 0; c < k; c++) x[i * k + c] = (x[i * k + c] ?? 0) / pivot;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let j = i + 1; j < n; j++) {
      const factor = l[j * n + i] ?? 0;
      for (let c = 0; c < k; c++) x[i * k + c] = (x[i * k + c] ?? 0) - factor * (x[j * k + c] ?? 0);
    }
    const pivot = l[i * n + i] ?? 1;
    for (let c = 0; c < k; c++) x[i * k + c] = (x[i * k + c] ?? 0) / pivot;
  }
  return x;
}

/** Xᵀ·Y of two matrices with `rows` rows: (dx × dy). Four rows at a time take less than half the time of one by one. */
export function gram(x: Float64Array, dx: number, y: Float64Array, dy: number, rows: number): Float64Array {
  const out = new Float64Array(dx * dy);
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    for (let a = 0; a < dx; a++) {
      const from = i * dx + a;
      const f0 = x[from] ?? 0;
      const f1 = x[from + dx] ?? 0;
      const f2 = x[from + 2 * dx] ?? 0;
      const f3 = x[from + 3 * dx] ?? 0;
      for (let b = 0; b < dy; b++) {
        const at = i * dy + b;
        out[a * dy + b] =
          (out[a * dy + b] ?? 0) +
          f0 * (y[at] ?? 0) +
          f1 * (y[at + dy] ?? 0) +
          f2 * (y[at + 2 * dy] ?? 0) +
          f3 * (y[at + 3 * dy] ?? 0);
      }
    }
  }
  for (; i < rows; i++) {
    for (let a = 0; a < dx; a++) {
      const factor = x[i * dx + a] ?? 0;
      for (let b = 0; b < dy; b++) out[a * dy + b] = (out[a * dy + b] ?? 0) + factor * (y[i * dy + b] ?? 0);
    }
  }
  return out;
}

/** Eigenvalues and eigenvectors (columns) of a symmetric n × n matrix, largest first. Cyclic Jacobi (Golub and Van Loan, 8.5). */
export function symmetricEigen(
  matrix: Float64Array,
  n: number,
): { readonly values: Float64Array; readonly vectors: Float64Array } {
  const a = matrix.slice();
  const v = new Float64Array(n * n);
  for (let i = 0; i < n; i++) v[i * n + i] = 1;
  const rotate = (m: Float64Array, i: number, j: number, k: number, l: number, s: number, tau: number) => {
    const g = m[i * n + j] ?? 0;
    const h = m[k * n + l] ?? 0;
    m[i * n + j] = g - s * (h + g * tau);
    m[k * n + l] = h + s * (g - h * tau);
  };
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let scale = 0;
    for (let i = 0; i < n; i++) {
      scale += Math.abs(a[i * n + i] ?? 0);
      for (let j = i + 1; j < n; j++) off += Math.abs(a[i * n + j] ?? 0);
    }
    if (off <= 1e-12 * scale) break;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const apq = a[p * n + q] ?? 0;
        if (apq === 0) continue;
        const theta = ((a[q * n + q] ?? 0) - (a[p * n + p] ?? 0)) / (2 * apq);
        const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
        const c = 1 / Math.sqrt(t * t + 1);
        const s = t * c;
        const tau = s / (1 + c);
        a[p * n + p] = (a[p * n + p] ?? 0) - t * apq;
        a[q * n + q] = (a[q * n + q] ?? 0) + t * apq;
        a[p * n + q] = 0;
        for (let i = 0; i < p; i++) rotate(a, i, p, i, q, s, tau);
        for (let i = p + 1; i < q; i++) rotate(a, p, i, i, q, s, tau);
        for (let i = q + 1; i < n; i++) rotate(a, p, i, q, i, s, tau);
        for (let i = 0; i < n; i++) rotate(v, i, p, i, q, s, tau);
      }
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).sort(
    (i, j) => (a[j * n + j] ?? 0) - (a[i * n + i] ?? 0) || i - j,
  );
  const values = Float64Array.from(order, (i) => a[i * n + i] ?? 0);
  const vectors = new Float64Array(n * n);
  for (const [to, from] of order.entries()) {
    for (let i = 0; i < n; i++) vectors[i * n + to] = v[i * n + from] ?? 0;
  }
  return { values, vectors };
}
