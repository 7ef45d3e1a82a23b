import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import { multiply, multiplyTransposed, type Csr, type SparseRow } from './numeric/csr.ts';
import { minimise } from './numeric/lbfgs.ts';
import { crossEntropy, logit, sigmoid } from './numeric/sigmoid.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import {
  columnEnergy,
  fitSparseInputs,
  inputMatrix,
  inputRow,
  loadInputs,
  saveInputs,
  type SparseInputs,
} from './sparse-inputs.ts';
import { readState } from './state-reader.ts';
import { movingTerms, tellTerms } from './term-reasons.ts';
import type { RouterState, Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

/** Weight of the penalty: what cross-validation on several sets liked best. */
const LAMBDA = 1.5;
const FORM_WEIGHT = 0.25;
const MAX_ITERATIONS = 40;

/** Everything that was learnt. */
interface Learnt {
  readonly inputs: SparseInputs;
  /** λ. */
  readonly lambda: number;
  readonly models: readonly string[];
  /** o: logit of each model's mean score. */
  readonly offsets: Float64Array;
  /** w: cols × m, row-major. */
  readonly weights: Float32Array;
  /** Σᵢ xᵢⱼ² of each column. */
  readonly energy: Float32Array;
  /** Mean p(1 − p) of each model over all rows, unrecorded ones counted as 0. */
  readonly curvature: Float64Array;
  /** Recorded scores of each model. */
  readonly counts: Float64Array;
}

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
  const { lambda, tolerance = 3e-3, onIteration } = options;
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
      multiplyTransposed(x, residuals, m, gradient);
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

function fit(rows: TrainingSet, options: FitOptions): TrainedRouter {
  const { models, features, scores } = inNameOrder(rows);
  const m = models.length;
  checkpoint(options, 0);
  const inputs = fitSparseInputs(features, { seed: options.seed, formWeight: FORM_WEIGHT });
  const x = inputMatrix(inputs, features);
  const { offsets, counts } = meanLogits(scores, m);
  const weights = fitLogistic(x, scores, offsets, {
    lambda: LAMBDA,
    onIteration: (i) => checkpoint(options, i / (i + 10)),
  });
  const z = new Float64Array(x.rows * m);
  multiply(x, weights, m, z);
  const curvature = new Float64Array(m);
  for (let i = 0; i < z.length; i++) {
    if (Number.isNaN(scores[i] ?? Number.NaN)) continue;
    const p = sigmoid((z[i] ?? 0) + (offsets[i % m] ?? 0));
    curvature[i % m] = (curvature[i % m] ?? 0) + (p * (1 - p)) / x.rows;
  }
  checkpoint(options, 1);
  return router({
    inputs,
    lambda: LAMBDA,
    models,
    offsets,
    weights: Float32Array.from(weights),
    energy: columnEnergy(x),
    curvature,
    counts,
  });
}

/** zₘ = oₘ + x·wₘ for every model. */
function logitsOf({ offsets, weights }: Learnt, { columns, values }: SparseRow): Float64Array {
  const z = offsets.slice();
  const m = z.length;
  for (let p = 0; p < columns.length; p++) {
    const from = (columns[p] ?? 0) * m;
    const value = values[p] ?? 0;
    for (let c = 0; c < m; c++) z[c] = (z[c] ?? 0) + value * (weights[from + c] ?? 0);
  }
  return z;
}

/**
 * Variance of a model's logit: Laplace's approximation with the diagonal of the Hessian, Σⱼ xⱼ² / (λ + c·Σᵢ xᵢⱼ²), and
 * that of the offset.
 */
function varianceOf({ lambda, energy, curvature, counts }: Learnt, { columns, values }: SparseRow, c: number): number {
  const curve = curvature[c] ?? 0;
  let variance = 1 / (1 + (counts[c] ?? 0) * 0.2);
  for (let p = 0; p < columns.length; p++) {
    const value = values[p] ?? 0;
    variance += (value * value) / (lambda + curve * (energy[columns[p] ?? 0] ?? 0));
  }
  return variance;
}

function predictAll(
  learnt: Learnt,
  columns: readonly number[],
  models: readonly Model[],
  features: Features,
): Prediction[] {
  const row = inputRow(learnt.inputs, features);
  const z = logitsOf(learnt, row);
  return models.map((model, i) => {
    const c = columns[i] ?? -1;
    if ((learnt.counts[c] ?? 0) === 0) return priorOf(model);
    const quality = sigmoid(z[c] ?? 0);
    return { quality, stderr: quality * (1 - quality) * Math.sqrt(varianceOf(learnt, row, c)) };
  });
}

const percent = (quality: number): string => `${(quality * 100).toFixed(0)} %`;

function explainAll(
  learnt: Learnt,
  columns: readonly number[],
  models: readonly Model[],
  features: Features,
): string[] {
  const { inputs, weights } = learnt;
  const m = learnt.models.length;
  const row = inputRow(inputs, features);
  const z = logitsOf(learnt, row);
  const values = new Map<number, number>();
  for (let p = 0; p < row.columns.length; p++) values.set(row.columns[p] ?? 0, row.values[p] ?? 0);
  return models.map((model, i) => {
    const c = columns[i] ?? -1;
    if ((learnt.counts[c] ?? 0) === 0) return `${model.id}: nothing learnt, taken as declared`;
    const terms = movingTerms(
      features.query.instruction,
      inputs.tfidf,
      (column) => (values.get(column) ?? 0) * (weights[column * m + c] ?? 0),
    );
    const mean = percent(sigmoid(learnt.offsets[c] ?? 0));
    const why = terms.length === 0 ? 'no word of it is known' : tellTerms(terms);
    return `${model.id}: ${percent(sigmoid(z[c] ?? 0))}, on average ${mean}; ${why}`;
  });
}

function router(learnt: Learnt): TrainedRouter {
  const find = columnFinder(learnt.models);
  return {
    name: 'logistic',
    needs: ['ngrams', 'structure'],
    models: learnt.models,
    predict: (features, models) => predictAll(learnt, models.map(find), models, features),
    explain: (features, models) => explainAll(learnt, models.map(find), models, features),
    save() {
      const { inputs, lambda, models, offsets, weights, energy, curvature, counts } = learnt;
      const { meta, tensors } = saveInputs(inputs);
      return {
        router: 'logistic',
        meta: { ...meta, models, lambda },
        tensors: { ...tensors, offsets, weights, energy, curvature, counts },
      };
    },
  };
}

function load(saved: RouterState): TrainedRouter {
  const state = readState(saved, 'logistic');
  const inputs = loadInputs(state);
  const models = state.names('models');
  const m = models.length;
  return router({
    inputs,
    lambda: state.number('lambda'),
    models,
    offsets: state.float64('offsets', m),
    weights: state.float32('weights', inputs.cols * m),
    energy: state.float32('energy', inputs.cols),
    curvature: state.float64('curvature', m),
    counts: state.float64('counts', m),
  });
}

/**
 * Logistic regression per model: q̂ₘ(x) = σ(oₘ + x·wₘ), where x is a query's TF-IDF n-grams and form, oₘ the logit of
 * the model's mean score and wₘ minimises the cross-entropy of its scores plus λ/2·‖w‖² (le Cessie and van Houwelingen,
 * 1992), by L-BFGS. The error is Laplace's: how little the rows say about what this query has in it.
 */
export const logistic: Trainable = { name: 'logistic', fit, load };
