import { conjugateGradient } from './conjugate-gradient.ts';
import { multiply, transpose, type Csr } from './csr.ts';

/**
 * Ridge regression for k targets at once: W (cols × k) minimising Σ w·(X·W − Y)² + λ‖W‖² over the rows that `recorded`
 * (rows × k of 0 and 1; null = all) lets count. Normal equations by conjugate gradients, never formed.
 * Hoerl and Kennard, 1970.
 */
export function solveRidge(
  x: Csr,
  y: Float64Array,
  k: number,
  options: {
    readonly lambda: number;
    readonly recorded?: Float64Array | null;
    readonly tolerance?: number;
    readonly maxIterations?: number;
    /** Xᵀ, where it is at hand. */
    readonly transposed?: Csr;
    readonly onIteration?: (iteration: number) => void;
  },
): Float64Array {
  const { lambda, recorded = null, tolerance = 3e-3, maxIterations, transposed = transpose(x), onIteration } = options;
  const right = new Float64Array(x.cols * k);
  multiply(transposed, y, k, right);
  const tall = new Float64Array(x.rows * k);
  return conjugateGradient(
    (p, out) => {
      multiply(x, p, k, tall);
      if (recorded !== null) for (let i = 0; i < tall.length; i++) tall[i] = (tall[i] ?? 0) * (recorded[i] ?? 0);
      multiply(transposed, tall, k, out);
      for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) + lambda * (p[i] ?? 0);
    },
    right,
    {
      k,
      tolerance,
      ...(maxIterations === undefined ? {} : { maxIterations }),
      ...(onIteration === undefined ? {} : { onIteration }),
    },
  );
}

/**
 * {@link solveRidge} of targets with holes, as accurate as a regressor needs: each target only on the rows where it is
 * known. Centre the targets first.
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
  return solveRidge(
    x,
    targets.map((y) => (Number.isNaN(y) ? 0 : y)),
    k,
    {
      lambda,
      recorded: targets.map((y) => (Number.isNaN(y) ? 0 : 1)),
      tolerance: 1e-2,
      maxIterations: 30,
      ...(onIteration === undefined ? {} : { onIteration }),
    },
  );
}
