import { multiply, transpose, type Csr } from '../numeric/csr.ts';
import { gram, symmetricEigen } from '../numeric/dense.ts';
import { minimise, type LbfgsOptions } from '../numeric/lbfgs.ts';
import { crossEntropy, logit, sigmoid } from '../numeric/sigmoid.ts';

/** Precision of a general ability around the logit of its model's mean score. */
const GENERAL = 0.1;

/** The recorded scores of n rows, row by row: row i has entries `starts[i]..starts[i + 1])`. */
export interface Observed {
  readonly starts: Int32Array;
  readonly models: Int32Array;
  readonly scores: Float64Array;
}

/** Leaves out what was not recorded: with many models in sets of their own, that is most of the table. */
export function observedOf(table: Float64Array, m: number): Observed {
  const n = m === 0 ? 0 : table.length / m;
  const starts = new Int32Array(n + 1);
  let size = 0;
  for (let i = 0; i < table.length; i++) {
    if (!Number.isNaN(table[i] ?? Number.NaN)) size++;
    if (i % m === m - 1) starts[(i + 1) / m] = size;
  }
  const models = new Int32Array(size);
  const scores = new Float64Array(size);
  let at = 0;
  for (let i = 0; i < table.length; i++) {
    const score = table[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    models[at] = i % m;
    scores[at++] = score;
  }
  return { starts, models, scores };
}

/** What is estimated of items and models. */
export interface Parameters {
  /** cols × (1 + d), row-major: what a column adds to difficulty b and to each discrimination a_k. */
  readonly items: Float64Array;
  /** General ability c of each model. */
  readonly general: Float64Array;
}

/** How strongly weights are held to nothing. */
export interface Priors {
  readonly difficulty: number;
  readonly discrimination: number;
}

/**
 * Residuals p − s of the recorded scores, carried back to each row's (b, a), which they replace in `rows`, and to c.
 * Returns the cross-entropy.
 */
function backward(
  rows: Float64Array,
  general: Float64Array,
  theta: Float64Array,
  { starts, models, scores }: Observed,
  generalGradient: Float64Array,
): number {
  const d = theta.length / Math.max(1, general.length);
  const r = 1 + d;
  const gradient = new Float64Array(r);
  let value = 0;
  for (let i = 0; i + 1 < starts.length; i++) {
    const row = i * r;
    gradient.fill(0);
    for (let at = starts[i] ?? 0; at < (starts[i + 1] ?? 0); at++) {
      const model = models[at] ?? 0;
      const from = model * d - 1;
      let z = (general[model] ?? 0) - (rows[row] ?? 0);
      for (let k = 1; k < r; k++) z += (theta[from + k] ?? 0) * (rows[row + k] ?? 0);
      const score = scores[at] ?? 0;
      value += crossEntropy(z, score);
      const residual = sigmoid(z) - score;
      generalGradient[model] = (generalGradient[model] ?? 0) + residual;
      gradient[0] = (gradient[0] ?? 0) - residual;
      for (let k = 1; k < r; k++) gradient[k] = (gradient[k] ?? 0) + residual * (theta[from + k] ?? 0);
    }
    rows.set(gradient, row);
  }
  return value;
}

/**
 * Items and general abilities for given special abilities `theta` (m × d): the posterior mode of
 * P(score) = σ(c_m + a(x)·θ_m − b(x)), (b, a)(x) = x·items. Convex, by L-BFGS; each row teaches only about the models that
 * were recorded on it.
 */
export function fitItems(
  x: Csr,
  observed: Observed,
  theta: Float64Array,
  start: Parameters,
  priors: Priors,
  options: LbfgsOptions,
): Parameters {
  const m = start.general.length;
  const r = 1 + theta.length / Math.max(1, m);
  const split = x.cols * r;
  const at = new Float64Array(split + m);
  at.set(start.items);
  at.set(start.general, split);
  const centre = startGeneral(observed, m);
  const xt = transpose(x);
  const rows = new Float64Array(x.rows * r);
  const best = minimise(
    (w, gradient) => {
      const itemGradient = gradient.subarray(0, split);
      multiply(x, w.subarray(0, split), r, rows);
      let value = backward(rows, w.subarray(split), theta, observed, gradient.subarray(split).fill(0));
      multiply(xt, rows, r, itemGradient);
      for (let i = 0; i < split; i++) {
        const weight = w[i] ?? 0;
        const lambda = i % r === 0 ? priors.difficulty : priors.discrimination;
        value += (lambda / 2) * weight * weight;
        gradient[i] = (gradient[i] ?? 0) + lambda * weight;
      }
      for (let i = 0; i < m; i++) {
        const off = (w[split + i] ?? 0) - (centre[i] ?? 0);
        value += (GENERAL / 2) * off * off;
        gradient[split + i] = (gradient[split + i] ?? 0) + GENERAL * off;
      }
      return value;
    },
    at,
    options,
  );
  return { items: best.x.slice(0, split), general: best.x.slice(split) };
}

/** The logit of each model's mean score. */
function startGeneral({ models, scores }: Observed, m: number): Float64Array {
  const sums = new Float64Array(m).fill(0.5);
  const counts = new Float64Array(m).fill(1);
  for (const [at, model] of models.entries()) {
    sums[model] = (sums[model] ?? 0) + (scores[at] ?? 0);
    counts[model] = (counts[model] ?? 0) + 1;
  }
  return sums.map((sum, model) => logit(sum / (counts[model] ?? 1)));
}

/** Special abilities, and items to begin with. */
export interface Directions {
  /** m × d, row-major. */
  readonly theta: Float64Array;
  readonly start: Parameters;
}

/** (X·V)ᵀ(X·V) of what the m discriminations of `items` give, each taken from its mean over the rows. */
function discriminationCovariance(x: Csr, items: Float64Array, m: number): Float64Array {
  const r = 1 + m;
  const rows = new Float64Array(x.rows * r);
  multiply(x, items, r, rows);
  const means = new Float64Array(r);
  for (let i = 0; i < rows.length; i++) means[i % r] = (means[i % r] ?? 0) + (rows[i] ?? 0) / x.rows;
  const centred = new Float64Array(x.rows * m);
  for (let i = 0; i < x.rows; i++) {
    for (let c = 0; c < m; c++) centred[i * m + c] = (rows[i * r + 1 + c] ?? 0) - (means[1 + c] ?? 0);
  }
  return gram(centred, m, centred, m, x.rows);
}

/**
 * The d directions in which models differ most in what they are good at. First every model gets a discrimination of its
 * own (θ = identity), which is convex; then the leading eigenvectors of what these give over the rows are kept, scaled to
 * mean square 1 over the models, and the discriminations are cast on them.
 */
export function specialAbilities(
  x: Csr,
  observed: Observed,
  m: number,
  d: number,
  priors: Priors,
  options: LbfgsOptions,
): Directions {
  const identity = new Float64Array(m * m);
  for (let i = 0; i < m; i++) identity[i * m + i] = 1;
  const nothing = { items: new Float64Array(x.cols * (1 + m)), general: startGeneral(observed, m) };
  const own = fitItems(x, observed, identity, nothing, priors, options);
  const { vectors } = symmetricEigen(discriminationCovariance(x, own.items, m), m);
  const theta = new Float64Array(m * d);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < Math.min(d, m); k++) theta[i * d + k] = (vectors[i * m + k] ?? 0) * Math.sqrt(m);
  }
  const items = new Float64Array(x.cols * (1 + d));
  for (let j = 0; j < x.cols; j++) {
    const from = j * (1 + m);
    items[j * (1 + d)] = own.items[from] ?? 0;
    for (let i = 0; i < m; i++) {
      const share = (own.items[from + 1 + i] ?? 0) / m;
      for (let k = 0; k < d; k++) {
        const to = j * (1 + d) + 1 + k;
        items[to] = (items[to] ?? 0) + share * (theta[i * d + k] ?? 0);
      }
    }
  }
  return { theta, start: { items, general: own.general } };
}
