import { inNameOrder } from './columns.ts';
import { linearRouter, loadLinear, type Link } from './linear-router.ts';
import { multiply, transpose, type Csr } from './numeric/csr.ts';
import { minimise } from './numeric/lbfgs.ts';
import { columnEnergy, fitSparseInputs, inputMatrix } from './sparse-inputs.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, columnMeans, type FitOptions, type TrainingSet } from './training-set.ts';

/** Weight of the penalty: from 10 to 20 nothing changes, 5 loses on MMLU-Pro. */
const LAMBDA = 15;
const FORM_WEIGHT = 0.25;
/** n-grams kept: 2^16 take twice the time and are no better. */
const MAX_TERMS = 2 ** 14;
const FORM_SIZE = 64;
const MAX_ITERATIONS = 30;

/** A decision value f is the quality (1 + f) / 2, kept within 0..1. */
export const MARGIN: Link = {
  quality: (f) => Math.max(0, Math.min(1, (1 + f) / 2)),
  slope: () => 0.5,
};

/** Decision value of each model's mean score, 2s̄ − 1. */
export function meanMargins(scores: Float64Array, m: number): Float64Array {
  return columnMeans(scores, m).map((mean) => 2 * mean - 1);
}

/**
 * Weights W (cols × m) that minimise Σ s·max(0, 1 − f)² + (1 − s)·max(0, 1 + f)² + λ·‖W‖² over the recorded scores s, with
 * f = o_m + x·w_m: the squared hinge of a machine that sees each row as a success with weight s and a failure with weight
 * 1 − s. What it is lowest at is f = 2s̄ − 1 (Zhang, 2004), so that decision values are scores and need no sigmoid; and
 * unlike least squares it does not pull back a value that is beyond the margin on the right side.
 */
export function fitSquaredHinge(
  x: Csr,
  scores: Float64Array,
  offsets: Float64Array,
  options: { readonly lambda: number; readonly tolerance?: number; readonly onIteration?: (iteration: number) => void },
): Float64Array {
  const m = offsets.length;
  const { lambda, tolerance = 1e-2, onIteration } = options;
  const xt = transpose(x);
  const slopes = new Float64Array(x.rows * m);
  return minimise(
    (w, gradient) => {
      multiply(x, w, m, slopes);
      let value = 0;
      for (let i = 0; i < slopes.length; i++) {
        const score = scores[i] ?? Number.NaN;
        const f = (slopes[i] ?? 0) + (offsets[i % m] ?? 0);
        const short = Math.max(0, 1 - f);
        const over = Math.max(0, 1 + f);
        const recorded = !Number.isNaN(score);
        if (recorded) value += score * short * short + (1 - score) * over * over;
        slopes[i] = recorded ? 2 * ((1 - score) * over - score * short) : 0;
      }
      multiply(xt, slopes, m, gradient);
      for (let i = 0; i < w.length; i++) {
        const weight = w[i] ?? 0;
        value += lambda * weight * weight;
        gradient[i] = (gradient[i] ?? 0) + 2 * lambda * weight;
      }
      return value;
    },
    new Float64Array(x.cols * m),
    { maxIterations: MAX_ITERATIONS, tolerance, ...(onIteration === undefined ? {} : { onIteration }) },
  ).x;
}

/**
 * Per model: share of rows that are recorded (the loss's curvature per unit of energy, halved like the penalty's), mean
 * squared distance of 2s − 1 from f, and the variance of the mean. Two pseudo-rows of ± 1 keep few rows from certainty.
 */
export function marginMoments(x: Csr, weights: Float64Array, offsets: Float64Array, scores: Float64Array) {
  const m = offsets.length;
  const f = new Float64Array(x.rows * m);
  multiply(x, weights, m, f);
  const counts = new Float64Array(m);
  const squares = new Float64Array(m).fill(2);
  for (let i = 0; i < f.length; i++) {
    const off = 2 * (scores[i] ?? Number.NaN) - 1 - (f[i] ?? 0) - (offsets[i % m] ?? 0);
    if (Number.isNaN(off)) continue;
    counts[i % m] = (counts[i % m] ?? 0) + 1;
    squares[i % m] = (squares[i % m] ?? 0) + off * off;
  }
  const noise = squares.map((sum, c) => sum / ((counts[c] ?? 0) + 2));
  return {
    curvature: counts.map((count) => count / Math.max(1, x.rows)),
    noise,
    offsetVariances: noise.map((each, c) => each / ((counts[c] ?? 0) + 1)),
  };
}

function fit(rows: TrainingSet, options: FitOptions): TrainedRouter {
  const { models, features, scores } = inNameOrder(rows);
  checkpoint(options, 0);
  const inputs = fitSparseInputs(features, {
    seed: options.seed,
    maxTerms: MAX_TERMS,
    formSize: FORM_SIZE,
    formWeight: FORM_WEIGHT,
  });
  const x = inputMatrix(inputs, features);
  const offsets = meanMargins(scores, models.length);
  const weights = fitSquaredHinge(x, scores, offsets, {
    lambda: LAMBDA,
    onIteration: (i) => checkpoint(options, i / (i + 10)),
  });
  checkpoint(options, 1);
  return linearRouter(
    'svm',
    {
      inputs,
      models,
      offsets,
      weights: Float32Array.from(weights),
      lambda: LAMBDA,
      energy: columnEnergy(x),
      ...marginMoments(x, weights, offsets, scores),
    },
    MARGIN,
  );
}

/**
 * A linear support vector machine per model (Cortes and Vapnik, 1995; squared hinge as in Fan et al., LIBLINEAR, 2008) on
 * TF-IDF n-grams and form. It learns every model's score, not which model is best: see {@link fitSquaredHinge}.
 */
export const svm: Trainable = {
  name: 'svm',
  fit,
  load: (state) => linearRouter('svm', loadLinear('svm', state), MARGIN),
};
