import { conjugateGradient } from './conjugate-gradient.ts';
import { multiply, transpose, type Csr } from './csr.ts';
import { seededRandom } from './random.ts';

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

/** Random sign vectors for the degrees of freedom; on many rows one is as sure as four on few. */
const PROBES = 4;
const MANY_ROWS = 10_000;

/**
 * Degrees of freedom that {@link solveRidge} spends on its rows, tr(X(XᵀX + λI)⁻¹Xᵀ), estimated with random signs.
 * Hutchinson, 1990.
 */
export function degreesOfFreedom(x: Csr, transposed: Csr, lambda: number, seed: number): number {
  const random = seededRandom(seed);
  const probes = x.rows > MANY_ROWS ? 1 : PROBES;
  const signs = Float64Array.from({ length: x.rows * probes }, () => (random() < 0.5 ? -1 : 1));
  const w = solveRidge(x, signs, probes, { lambda, tolerance: 3e-2, transposed });
  const back = new Float64Array(x.rows * probes);
  multiply(x, w, probes, back);
  return back.reduce((sum, value, i) => sum + value * (signs[i] ?? 0), 0) / probes;
}
