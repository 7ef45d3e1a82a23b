import { inNameOrder } from './columns.ts';
import { linearRouter, loadLinear, type Link } from './linear-router.ts';
import { multiply, transpose, type Csr } from './numeric/csr.ts';
import { minimise } from './numeric/lbfgs.ts';
import { crossEntropy, logit, sigmoid } from './numeric/sigmoid.ts';
import { columnEnergy, fitSparseInputs, inputMatrix } from './sparse-inputs.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

/** Weight of the penalty: 1.5 has better Brier scores, but tells models apart less well on MMLU-Pro. */
const LAMBDA = 2.5;
/** Length of the form part: more lowers the Brier score further, but tells models apart less well. */
const FORM_WEIGHT = 0.25;
/** n-grams kept: 2^16 take twice the time and are no better. */
const MAX_TERMS = 2 ** 14;
const FORM_SIZE = 64;
const MAX_ITERATIONS = 30;
/** p(1 − p) where nothing else is known. */
const USUAL_CURVATURE = 0.2;

const LINK: Link = { quality: sigmoid, slope: (z) => sigmoid(z) * sigmoid(-z) };

/** Logit of each column's mean with half a success and half a failure added, and how many scores it has. */
export function meanLogits(scores: Float64Array, m: number) {
  const sums = new Float64Array(m);
  const counts = new Float64Array(m);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    sums[i % m] = (sums[i % m] ?? 0) + score;
    counts[i % m] = (counts[i % m] ?? 0) + 1;
  }
  const offsets = sums.map((sum, c) => logit((sum + 0.5) / ((counts[c] ?? 0) + 1)));
  return { offsets, counts };
}

/**
 * Weights W (cols × m) that minimise Σ CE(σ(oₘ + xᵢ·wₘ), sᵢₘ) + λ/2·‖W‖² over the recorded scores; CE is the
 * cross-entropy, which takes a score between 0 and 1 as that share of a success. The models' problems are convex and
 * independent of each other; they are solved in one run because they read the same rows.
 */
export function fitLogistic(
  x: Csr,
  scores: Float64Array,
  offsets: Float64Array,
  options: { readonly lambda: number; readonly tolerance?: number; readonly onIteration?: (iteration: number) => void },
): Float64Array {
  const m = offsets.length;
  const { lambda, tolerance = 1e-2, onIteration } = options;
  const xt = transpose(x);
  const residuals = new Float64Array(x.rows * m);
  return minimise(
    (w, gradient) => {
      multiply(x, w, m, residuals);
      let value = 0;
      for (let i = 0; i < residuals.length; i++) {
        const score = scores[i] ?? Number.NaN;
        const z = (residuals[i] ?? 0) + (offsets[i % m] ?? 0);
        const recorded = !Number.isNaN(score);
        if (recorded) value += crossEntropy(z, score);
        residuals[i] = recorded ? sigmoid(z) - score : 0;
      }
      multiply(xt, residuals, m, gradient);
      for (let i = 0; i < w.length; i++) {
        const weight = w[i] ?? 0;
        value += (lambda / 2) * weight * weight;
        gradient[i] = (gradient[i] ?? 0) + lambda * weight;
      }
      return value;
    },
    new Float64Array(x.cols * m),
    { maxIterations: MAX_ITERATIONS, tolerance, ...(onIteration === undefined ? {} : { onIteration }) },
  ).x;
}

/** Mean p(1 − p) of each model over all rows; what was not recorded counts as 0. */
function curvatureOf(x: Csr, weights: Float64Array, offsets: Float64Array, scores: Float64Array): Float64Array {
  const m = offsets.length;
  const z = new Float64Array(x.rows * m);
  multiply(x, weights, m, z);
  const curvature = new Float64Array(m);
  for (let i = 0; i < z.length; i++) {
    if (Number.isNaN(scores[i] ?? Number.NaN)) continue;
    curvature[i % m] = (curvature[i % m] ?? 0) + LINK.slope((z[i] ?? 0) + (offsets[i % m] ?? 0)) / x.rows;
  }
  return curvature;
}

function fit(rows: TrainingSet, options: FitOptions): TrainedRouter {
  const { models, features, scores } = inNameOrder(rows);
  const m = models.length;
  checkpoint(options, 0);
  const inputs = fitSparseInputs(features, {
    seed: options.seed,
    maxTerms: MAX_TERMS,
    formSize: FORM_SIZE,
    formWeight: FORM_WEIGHT,
  });
  const x = inputMatrix(inputs, features);
  const { offsets, counts } = meanLogits(scores, m);
  const weights = fitLogistic(x, scores, offsets, {
    lambda: LAMBDA,
    onIteration: (i) => checkpoint(options, i / (i + 10)),
  });
  checkpoint(options, 1);
  return linearRouter(
    'logistic',
    {
      inputs,
      models,
      offsets,
      offsetVariances: counts.map((count) => 1 / (1 + count * USUAL_CURVATURE)),
      weights: Float32Array.from(weights),
      lambda: LAMBDA,
      energy: columnEnergy(x),
      curvature: curvatureOf(x, weights, offsets, scores),
      noise: new Float64Array(m).fill(1),
    },
    LINK,
  );
}

/**
 * Logistic regression per model: q̂ₘ(x) = σ(oₘ + x·wₘ), where x is a query's TF-IDF n-grams and form, oₘ the logit of
 * the model's mean score and wₘ minimises the cross-entropy of its scores plus λ/2·‖w‖² (le Cessie and van Houwelingen,
 * 1992), by L-BFGS. The error is Laplace's: how little the rows say about what this query has in it.
 */
export const logistic: Trainable = {
  name: 'logistic',
  fit,
  load: (state) => linearRouter('logistic', loadLinear('logistic', state), LINK),
};
