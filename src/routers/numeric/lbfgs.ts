/** A function to be minimised: writes the gradient at x into `gradient` and returns the value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

export interface LbfgsOptions {
  readonly maxIterations?: number;
  /** Pairs of steps and gradient changes that are remembered. */
  readonly memory?: number;
  /** Stops when the gradient is this small against the first one. */
  readonly tolerance?: number;
  /** Told after each iteration. */
  readonly onIteration?: (iteration: number, value: number) => void;
}

/** Where the search ended. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the gradient got small; false after `maxIterations`, or when no step led down any more. */
  readonly converged: boolean;
}

const SUFFICIENT = 1e-4;
const FLAT_ENOUGH = 0.9;
const MAX_TRIALS = 30;

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? 0) * (b[i] ?? 0);
  return sum;
}

function addScaled(target: Float64Array, source: Float64Array, scale: number): void {
  for (let i = 0; i < target.length; i++) target[i] = (target[i] ?? 0) + scale * (source[i] ?? 0);
}

/** A step s, the gradient's change y over it, and 1 / sᵀy. */
interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** −H·g by the two loops, H the inverse Hessian that the pairs tell of. */
function direction(g: Float64Array, pairs: readonly Pair[]): Float64Array {
  const d = g.slice();
  const alphas: number[] = [];
  for (const { s, y, rho } of pairs.toReversed()) {
    const alpha = rho * dot(s, d);
    alphas.push(alpha);
    addScaled(d, y, -alpha);
  }
  const last = pairs.at(-1);
  const scale = last === undefined ? 1 / Math.max(1, Math.sqrt(dot(g, g))) : 1 / (last.rho * dot(last.y, last.y));
  for (let i = 0; i < d.length; i++) d[i] = (d[i] ?? 0) * scale;
  for (const { s, y, rho } of pairs) {
    const alpha = alphas.pop() ?? 0;
    addScaled(d, s, alpha - rho * dot(y, d));
  }
  for (let i = 0; i < d.length; i++) d[i] = -(d[i] ?? 0);
  return d;
}

/**
 * Minimises a smooth function. Limited-memory BFGS: Nocedal, 1980 (two-loop recursion), with a line search for the weak
 * Wolfe conditions by doubling and halving (Lewis and Overton, 2013). A step to where the function is not finite counts
 * as too long. Deterministic; `start` is not changed.
 */
export function minimise(f: Objective, start: Float64Array, options: LbfgsOptions = {}): Minimum {
  const { maxIterations = 100, memory = 6, tolerance = 1e-4, onIteration } = options;
  let x = start.slice();
  let g = new Float64Array(x.length);
  let value = f(x, g);
  let trial = new Float64Array(x.length);
  let gTrial = new Float64Array(x.length);
  const target = tolerance * Math.max(1e-12, Math.sqrt(dot(g, g)));
  let pairs: Pair[] = [];
  let iterations = 0;
  while (iterations < maxIterations && Math.sqrt(dot(g, g)) > target) {
    const d = direction(g, pairs);
    const slope = dot(g, d);
    let low = 0;
    let high = Number.POSITIVE_INFINITY;
    let step = 1;
    let next = value;
    let found = false;
    for (let t = 0; t < MAX_TRIALS && !found; t++) {
      trial.set(x);
      addScaled(trial, d, step);
      next = f(trial, gTrial);
      if (!(next <= value + SUFFICIENT * step * slope)) high = step;
      else if (dot(gTrial, d) < FLAT_ENOUGH * slope) low = step;
      else found = true;
      if (!found) step = high === Number.POSITIVE_INFINITY ? 2 * step : (low + high) / 2;
    }
    if (!found || !(slope < 0)) {
      // What the memory tells of the curvature may be stale: once more downhill, then give up.
      if (pairs.length === 0) break;
      pairs = [];
      continue;
    }
    const s = trial.slice();
    addScaled(s, x, -1);
    const y = gTrial.slice();
    addScaled(y, g, -1);
    const sy = dot(s, y);
    if (sy > 1e-12 * dot(y, y)) pairs = [...pairs.slice(1 - memory), { s, y, rho: 1 / sy }];
    [x, trial] = [trial, x];
    [g, gTrial] = [gTrial, g];
    value = next;
    iterations++;
    onIteration?.(iterations, value);
  }
  return { x, value, iterations, converged: Math.sqrt(dot(g, g)) <= target };
}
