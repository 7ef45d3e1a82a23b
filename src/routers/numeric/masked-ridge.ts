import { conjugateGradient } from './conjugate-gradient.ts';
import { multiply, transpose, type Csr } from './csr.ts';

/**
 * Ridge regression of k targets on sparse rows, each target only on the rows where it is known: the minimum of
 * Σ (y − x·w)² + λ‖w‖² (Hoerl and Kennard, 1970). Centre the targets first.
 *
 * @param targets rows × k, row-major; NaN = unknown
 * @returns cols × k weights
 */
export function maskedRidge(
  x: Csr,
  targets: Float64Array,
  k: number,
  lambda: number,
  onIteration?: (iteration: number) => void,
): Float64Array {
  const transposed = transpose(x);
  const tall = new Float64Array(x.rows * k);
  const known = Float64Array.from(targets, (y) => (Number.isNaN(y) ? 0 : 1));
  const b = new Float64Array(x.cols * k);
  multiply(
    transposed,
    targets.map((y) => (Number.isNaN(y) ? 0 : y)),
    k,
    b,
  );
  return conjugateGradient(
    (p, out) => {
      multiply(x, p, k, tall);
      for (let i = 0; i < tall.length; i++) tall[i] = (tall[i] ?? 0) * (known[i] ?? 0);
      multiply(transposed, tall, k, out);
      for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + lambda * (p[i] ?? 0);
    },
    b,
    { k, tolerance: 1e-2, maxIterations: 30, ...(onIteration === undefined ? {} : { onIteration }) },
  );
}
