import type { Model } from '../catalog/model.ts';
import { STRUCTURE_FIELDS } from '../query/structure.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import {
  denseMatrix,
  denseRow,
  fitDenseInputs,
  loadDenseInputs,
  saveDenseInputs,
  type DenseInputs,
} from './dense-inputs.ts';
import type { Csr } from './numeric/csr.ts';
import { drawRandomFeatures, randomFeaturesOf, type RandomFeatures } from './numeric/random-features.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { columnEnergy } from './sparse-inputs.ts';
import { readState } from './state-reader.ts';
import { fitSquaredHinge, MARGIN, marginMoments, meanMargins } from './svm.ts';
import { movingTerms, tellTerms } from './term-reasons.ts';
import type { RouterState, Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

/** Random features, D. */
const SIZE = 256;
/** γ times the number of inputs: two queries a deviation apart in everything have kernel e^−¼. */
const WIDTH = 0.25;
/** Weight of the penalty: 1 overfits (MMLU-Pro auc .722 against .738), 8 and more flatten. */
const LAMBDA = 4;

interface Learnt {
  readonly inputs: DenseInputs;
  readonly kernel: RandomFeatures;
  readonly models: readonly string[];
  readonly offsets: Float64Array;
  readonly offsetVariances: Float64Array;
  /** D × m, row-major. */
  readonly weights: Float32Array;
  readonly lambda: number;
  /** Σᵢ z_j(xᵢ)² of each feature. */
  readonly energy: Float32Array;
  /** Share of rows that are recorded, per model. */
  readonly curvature: Float64Array;
  readonly noise: Float64Array;
}

/** Random features of the rows, as a matrix without holes. */
function kernelMatrix(kernel: RandomFeatures, rows: Float32Array): Csr {
  const { inputs, size } = kernel;
  const n = inputs === 0 ? 0 : rows.length / inputs;
  const values = new Float32Array(n * size);
  for (let i = 0; i < n; i++) randomFeaturesOf(kernel, rows.subarray(i * inputs, (i + 1) * inputs), values, i * size);
  return {
    rows: n,
    cols: size,
    starts: Int32Array.from({ length: n + 1 }, (_, i) => i * size),
    columns: Int32Array.from(values, (_, p) => p % size),
    values,
  };
}

function fit(rows: TrainingSet, options: FitOptions): TrainedRouter {
  const { models, features, scores } = inNameOrder(rows);
  checkpoint(options, 0);
  const inputs = fitDenseInputs(features, { seed: options.seed });
  const kernel = drawRandomFeatures(inputs.size, SIZE, WIDTH / inputs.size, options.seed);
  checkpoint(options, 0.3);
  const z = kernelMatrix(kernel, denseMatrix(inputs, features));
  const offsets = meanMargins(scores, models.length);
  const weights = fitSquaredHinge(z, scores, offsets, {
    lambda: LAMBDA,
    onIteration: (i) => checkpoint(options, 0.3 + (0.7 * i) / (i + 10)),
  });
  checkpoint(options, 1);
  return router({
    inputs,
    kernel,
    models,
    offsets,
    weights: Float32Array.from(weights),
    lambda: LAMBDA,
    energy: columnEnergy(z),
    ...marginMoments(z, weights, offsets, scores),
  });
}

/** f_m = o_m + z·w_m. */
function marginOf({ offsets, weights }: Learnt, z: Float64Array, c: number): number {
  const m = offsets.length;
  let f = offsets[c] ?? 0;
  for (let j = 0; j < z.length; j++) f += (z[j] ?? 0) * (weights[j * m + c] ?? 0);
  return f;
}

function varianceOf({ lambda, energy, curvature, noise, offsetVariances }: Learnt, z: Float64Array, c: number): number {
  const curve = curvature[c] ?? 0;
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += (z[j] ?? 0) ** 2 / (lambda + curve * (energy[j] ?? 0));
  return (offsetVariances[c] ?? 0) + (noise[c] ?? 0) * sum;
}

/** ∂f_m/∂x: −√(2/D) Σⱼ w_jm·sin(ω_j·x + b_j)·ω_j. */
function gradientOf({ kernel, weights, offsets }: Learnt, x: Float64Array, c: number): Float64Array {
  const { inputs, size, frequencies, phases } = kernel;
  const gradient = new Float64Array(inputs);
  for (let j = 0; j < size; j++) {
    let at = phases[j] ?? 0;
    for (let i = 0; i < inputs; i++) at += (frequencies[j * inputs + i] ?? 0) * (x[i] ?? 0);
    const factor = -Math.sqrt(2 / size) * Math.sin(at) * (weights[j * offsets.length + c] ?? 0);
    for (let i = 0; i < inputs; i++) gradient[i] = (gradient[i] ?? 0) + factor * (frequencies[j * inputs + i] ?? 0);
  }
  return gradient;
}

const percent = (quality: number): string => `${(quality * 100).toFixed(0)} %`;

/** The gradient tells what each word and each number of form does, as far as a small change goes. */
function explainOne(
  learnt: Learnt,
  features: Features,
  x: Float64Array,
  z: Float64Array,
  model: Model,
  c: number,
): string {
  if ((learnt.curvature[c] ?? 0) === 0) return `${model.id}: nothing learnt, taken as declared`;
  const { tfidf, lsa, text } = learnt.inputs;
  const gradient = gradientOf(learnt, x, c);
  const terms = movingTerms(features.query.instruction, tfidf, (column) => {
    let effect = 0;
    for (let k = 0; k < lsa.dim; k++) {
      effect += (lsa.basis[column * lsa.dim + k] ?? 0) * (text.scales[k] ?? 0) * (gradient[k] ?? 0);
    }
    return effect * (tfidf.idf[column] ?? 0);
  });
  let field = '';
  let most = 0;
  for (const [i, name] of STRUCTURE_FIELDS.entries()) {
    const effect = (gradient[lsa.dim + i] ?? 0) * (x[lsa.dim + i] ?? 0);
    if (Math.abs(effect) <= Math.abs(most)) continue;
    most = effect;
    field = `${effect < 0 ? '−' : '+'} by its form (${name})`;
  }
  const why = [tellTerms(terms), field].filter((each) => each !== '').join('; ');
  const quality = percent(MARGIN.quality(marginOf(learnt, z, c)));
  const mean = percent(MARGIN.quality(learnt.offsets[c] ?? 0));
  return `${model.id}: ${quality}, on average ${mean}${why === '' ? '' : `; ${why}`}`;
}

function router(learnt: Learnt): TrainedRouter {
  const find = columnFinder(learnt.models);
  const seen = (features: Features) => {
    const x = denseRow(learnt.inputs, features);
    const z = new Float64Array(learnt.kernel.size);
    randomFeaturesOf(learnt.kernel, x, z);
    return { x, z };
  };
  return {
    name: 'svm-rbf',
    needs: ['ngrams', 'structure'],
    models: learnt.models,
    predict(features, models) {
      const { z } = seen(features);
      return models.map((model): Prediction => {
        const c = find(model);
        if ((learnt.curvature[c] ?? 0) === 0) return priorOf(model);
        const f = marginOf(learnt, z, c);
        return { quality: MARGIN.quality(f), stderr: MARGIN.slope(f) * Math.sqrt(varianceOf(learnt, z, c)) };
      });
    },
    explain(features, models) {
      const { x, z } = seen(features);
      return models.map((model) => explainOne(learnt, features, x, z, model, find(model)));
    },
    save(): RouterState {
      const { inputs, kernel, models, lambda, ...tensors } = learnt;
      return {
        router: 'svm-rbf',
        meta: { models, lambda },
        tensors: {
          ...saveDenseInputs(inputs),
          ...tensors,
          frequencies: kernel.frequencies,
          phases: kernel.phases,
        },
      };
    },
  };
}

function load(saved: RouterState): TrainedRouter {
  const state = readState(saved, 'svm-rbf');
  const inputs = loadDenseInputs(state);
  const models = state.names('models');
  const m = models.length;
  const phases = state.float32('phases');
  const size = phases.length;
  return router({
    inputs,
    kernel: { inputs: inputs.size, size, frequencies: state.float32('frequencies', size * inputs.size), phases },
    models,
    offsets: state.float64('offsets', m),
    offsetVariances: state.float64('offsetVariances', m),
    weights: state.float32('weights', size * m),
    lambda: state.number('lambda'),
    energy: state.float32('energy', size),
    curvature: state.float64('curvature', m),
    noise: state.float64('noise', m),
  });
}

/**
 * A support vector machine per model with a Gaussian kernel, by random Fourier features (Rahimi and Recht, 2007) of a
 * query's form and latent text: f_m(x) = o_m + z(x)·w_m with the squared hinge of `svm`, quality (1 + f) / 2.
 */
export const svmRbf: Trainable = { name: 'svm-rbf', fit, load };
