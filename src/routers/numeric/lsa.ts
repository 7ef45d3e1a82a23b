import { multiply, transpose, type Csr, type SparseRow } from './csr.ts';
import { gram, symmetricEigen } from './dense.ts';
import { gaussian, seededRandom } from './random.ts';

/** A learned projection of sparse rows to `dim` numbers: the leading right singular vectors of the training rows. */
export interface Lsa {
  readonly dim: number;
  /** cols × dim, row-major. */
  readonly basis: Float32Array;
}

/** A column with less of its square left than this beside the columns before it adds nothing but rounding. */
const DEPENDENT = 1e-10;

/** Lower Cholesky factor of a k × k Gram matrix; the row and column of what depends on the columns before it are 0. */
function independentFactor(g: Float64Array, k: number): Float64Array {
  const l = new Float64Array(k * k);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = g[i * k + j] ?? 0;
      for (let c = 0; c < j; c++) sum -= (l[i * k + c] ?? 0) * (l[j * k + c] ?? 0);
      const pivot = l[j * k + j] ?? 0;
      if (i !== j) l[i * k + j] = pivot > 0 ? sum / pivot : 0;
      else if (sum > DEPENDENT * (g[i * k + i] ?? 0)) l[i * k + i] = Math.sqrt(sum);
    }
  }
  return l;
}

/**
 * Replaces the columns of Y (n × k) by an orthonormal basis of their span: Y ← Y·L⁻ᵀ with L·Lᵀ = YᵀY, twice for accuracy.
 * Columns that depend on others become 0: fewer texts, or fewer different ones, than columns.
 */
function orthonormalise(y: Float64Array, n: number, k: number): void {
  for (let pass = 0; pass < 2; pass++) {
    const l = independentFactor(gram(y, k, y, k, n), k);
    for (let i = 0; i < n; i++) {
      for (let a = 0; a < k; a++) {
        const pivot = l[a * k + a] ?? 0;
        let value = y[i * k + a] ?? 0;
        for (let b = 0; b < a; b++) value -= (l[a * k + b] ?? 0) * (y[i * k + b] ?? 0);
        y[i * k + a] = pivot > 0 ? value / pivot : 0;
      }
    }
  }
}

/**
 * Latent semantic analysis (Deerwester et al., 1990) by a randomised range finder with power iterations
 * (Halko, Martinsson and Tropp, 2011). Linear in the entries of `x`; the same seed gives the same bits.
 */
export function fitLsa(
  x: Csr,
  dim: number,
  { seed = 7, iterations = 3, oversample = 8 }: { seed?: number; iterations?: number; oversample?: number } = {},
): Lsa {
  const k = Math.max(1, Math.min(dim + oversample, x.rows, x.cols));
  const random = seededRandom(seed);
  const wide = new Float64Array(x.cols * k);
  for (let i = 0; i < wide.length; i++) wide[i] = gaussian(random);
  const transposed = transpose(x);
  const tall = new Float64Array(x.rows * k);
  for (let i = 0; i <= iterations; i++) {
    multiply(x, wide, k, tall);
    orthonormalise(tall, x.rows, k);
    multiply(transposed, tall, k, wide);
  }
  // Bᵀ = XᵀQ is `wide`; B·Bᵀ = U·Σ²·Uᵀ, and the right singular vectors are Bᵀ·U·Σ⁻¹.
  const { values, vectors } = symmetricEigen(gram(wide, k, wide, k, x.cols), k);
  const kept = Math.min(dim, k);
  const basis = new Float32Array(x.cols * dim);
  for (let i = 0; i < x.cols; i++) {
    for (let c = 0; c < kept; c++) {
      const sigma = Math.sqrt(Math.max(0, values[c] ?? 0));
      if (sigma < 1e-9) continue;
      let sum = 0;
      for (let b = 0; b < k; b++) sum += (wide[i * k + b] ?? 0) * (vectors[b * k + c] ?? 0);
      basis[i * dim + c] = sum / sigma;
    }
  }
  return { dim, basis };
}

/** A sparse row in the space of the projection. Four entries at a time, so that `out` is read and written less often. */
export function project({ dim, basis }: Lsa, { columns, values }: SparseRow): Float32Array {
  const out = new Float64Array(dim);
  const size = columns.length;
  for (let p = 0; p < size; p += 4) {
    // Beyond the end: column 0, times nothing.
    const f0 = (columns[p] ?? 0) * dim;
    const f1 = (columns[p + 1] ?? 0) * dim;
    const f2 = (columns[p + 2] ?? 0) * dim;
    const f3 = (columns[p + 3] ?? 0) * dim;
    const v0 = values[p] ?? 0;
    const v1 = values[p + 1] ?? 0;
    const v2 = values[p + 2] ?? 0;
    const v3 = values[p + 3] ?? 0;
    for (let c = 0; c < dim; c++) {
      const near = v0 * (basis[f0 + c] ?? 0) + v1 * (basis[f1 + c] ?? 0);
      out[c] = (out[c] ?? 0) + (near + (v2 * (basis[f2 + c] ?? 0) + v3 * (basis[f3 + c] ?? 0)));
    }
  }
  return new Float32Array(out);
}
