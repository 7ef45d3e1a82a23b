import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import {
  denseMatrix,
  denseRow,
  fitDenseInputs,
  loadDenseInputs,
  saveDenseInputs,
  type DenseInputs,
} from './dense-inputs.ts';
import { heldOutErrors } from './held-out-error.ts';
import { holdOutOf } from './numeric/folds.ts';
import { createPerceptron, forward, trainPerceptron, type Perceptron } from './numeric/perceptron.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { scoreMoments } from './score-moments.ts';
import { readState } from './state-reader.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

export interface MlpOptions {
  readonly hidden: number;
  /** Weight of the label head's loss beside that of the scores. */
  readonly labelWeight: number;
  readonly rate: number;
  readonly decay: number;
  /** Most queries in a step; fewer on small sets, so that they get steps enough. */
  readonly batch: number;
  readonly maxEpochs: number;
  readonly patience: number;
  /** Share of the queries held out to know when to stop. */
  readonly held: number;
}

const DEFAULTS: MlpOptions = {
  hidden: 64,
  labelWeight: 1,
  rate: 2e-3,
  decay: 0.3,
  batch: 64,
  maxEpochs: 30,
  patience: 4,
  held: 0.1,
};

/** Most rows worked through in all, so that large sets train in time: they need fewer epochs. */
const MAX_VISITS = 300_000;

/** What was learnt: outputs are one logit per model, then one per label. */
interface Learnt {
  readonly models: readonly string[];
  readonly labels: readonly string[];
  readonly inputs: DenseInputs;
  readonly net: Perceptron;
  /** Mean training score and recorded scores of each model; standard error of its predictions. */
  readonly means: Float64Array;
  readonly counts: Float64Array;
  readonly stderr: Float64Array;
}

const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

function logit(p: number): number {
  const kept = Math.min(1 - 1e-3, Math.max(1e-3, p));
  return Math.log(kept / (1 - kept));
}

/** The labels that tell rows apart, in their order; none where all rows have the same. */
function labelsOf(set: TrainingSet): readonly string[] {
  const seen = [...new Set(set.labels)].filter((label) => label !== '').sort();
  return seen.length > 1 ? seen : [];
}

/**
 * Mean cross-entropy of the recorded scores, s·ln σ(o) + (1 − s)·ln(1 − σ(o)), plus `weight` times that of the label
 * under a softmax. A row without a label or a score says nothing there.
 */
export function lossOf(
  set: Pick<TrainingSet, 'scores' | 'labels'>,
  m: number,
  labels: readonly string[],
  weight: number,
) {
  const wanted = Int32Array.from(set.labels, (label) => labels.indexOf(label));
  return (row: number, o: Float64Array, slope: Float64Array): number => {
    slope.fill(0);
    let recorded = 0;
    for (let c = 0; c < m; c++) if (!Number.isNaN(set.scores[row * m + c] ?? Number.NaN)) recorded++;
    let loss = 0;
    for (let c = 0; c < m; c++) {
      const score = set.scores[row * m + c] ?? Number.NaN;
      if (Number.isNaN(score)) continue;
      const out = o[c] ?? 0;
      slope[c] = (logistic(out) - score) / recorded;
      // ln(1 + e^o) − s·o, without overflow.
      loss += (Math.max(out, 0) + Math.log1p(Math.exp(-Math.abs(out))) - score * out) / recorded;
    }
    const label = wanted[row] ?? -1;
    if (label === -1) return loss;
    const largest = o.subarray(m).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let k = m; k < o.length; k++) sum += Math.exp((o[k] ?? 0) - largest);
    for (let k = m; k < o.length; k++) {
      slope[k] = weight * (Math.exp((o[k] ?? 0) - largest) / sum - (k - m === label ? 1 : 0));
    }
    return loss + weight * (Math.log(sum) + largest - (o[m + label] ?? 0));
  };
}

function learn(set: TrainingSet, options: FitOptions, settings: MlpOptions): Learnt {
  const m = set.models.length;
  const n = set.ids.length;
  const labels = labelsOf(set);
  const { means, counts } = scoreMoments(set.scores, m);
  const inputs = fitDenseInputs(set.features, { seed: options.seed });
  checkpoint(options, 0.3);
  const x = denseMatrix(inputs, set.features);
  checkpoint(options, 0.4);
  const bias = new Float32Array(m + labels.length);
  for (let c = 0; c < m; c++) bias[c] = logit(means[c] ?? 0.5);
  const net = createPerceptron(inputs.size, settings.hidden, bias, options.seed);
  const held = n < 20 ? new Int32Array(n) : holdOutOf(set.groups, settings.held, options.seed);
  const rows = held.map((_, row) => row);
  trainPerceptron(net, x, {
    ...settings,
    maxEpochs: Math.max(4, Math.min(settings.maxEpochs, Math.round(MAX_VISITS / n))),
    batch: Math.max(8, Math.min(settings.batch, Math.round(n / 60))),
    seed: options.seed,
    loss: lossOf(set, m, labels, settings.labelWeight),
    train: rows.filter((row) => held[row] === 0),
    test: rows.filter((row) => held[row] === 1),
    onEpoch: (epoch) => checkpoint(options, 0.4 + (0.6 * epoch) / settings.maxEpochs),
  });
  const predicted = new Float64Array(n * m);
  const h = new Float64Array(net.hidden);
  const o = new Float64Array(net.outputs);
  for (let row = 0; row < n; row++) {
    forward(net, x, row * net.inputs, h, o);
    for (let c = 0; c < m; c++) predicted[row * m + c] = logistic(o[c] ?? 0);
  }
  return {
    models: set.models,
    labels,
    inputs,
    net,
    means,
    counts,
    stderr: heldOutErrors(predicted, set.scores, held, m),
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function mlpRouter(learnt: Learnt): TrainedRouter {
  const { models, labels, inputs, net, means, counts, stderr } = learnt;
  const m = models.length;
  const columnOf = columnFinder(models);
  const run = (features: Features): Float64Array => {
    const o = new Float64Array(net.outputs);
    forward(net, denseRow(inputs, features), 0, new Float64Array(net.hidden), o);
    return o;
  };
  const knows = (column: number): boolean => (counts[column] ?? 0) > 0;
  const likeliest = (o: Float64Array): string[] => {
    if (labels.length === 0) return [];
    const largest = o.subarray(m).reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const odds = labels.map((label, k) => ({ label, p: Math.exp((o[m + k] ?? 0) - largest) }));
    const sum = odds.reduce((a, { p }) => a + p, 0);
    const top = odds.sort((a, b) => b.p - a.p).slice(0, 3);
    return [`looks like ${top.map(({ label, p }) => `${label} (${percent(p / sum)})`).join(', ')}`];
  };
  return {
    name: 'mlp',
    needs: ['ngrams', 'structure'],
    models,
    predict(features, asked) {
      const o = run(features);
      return asked.map((model): Prediction => {
        const c = columnOf(model);
        return knows(c) ? { quality: logistic(o[c] ?? 0), stderr: stderr[c] ?? 0 } : priorOf(model);
      });
    },
    explain(features, asked) {
      const o = run(features);
      const line = (model: Model): string => {
        const c = columnOf(model);
        if (!knows(c)) return `${model.id}: nothing learnt, taken as declared`;
        return `${model.id}: ${percent(logistic(o[c] ?? 0))} here, ${percent(means[c] ?? 0)} on average`;
      };
      return [...likeliest(o), ...asked.map(line)];
    },
    save: () => ({
      router: 'mlp',
      meta: { models, labels, hidden: net.hidden },
      tensors: {
        ...saveDenseInputs(inputs),
        means,
        counts,
        stderr,
        w1: net.w1,
        b1: net.b1,
        w2: net.w2,
        b2: net.b2,
      },
    }),
  };
}

/** An `mlp` with other settings. */
export function mlpWith(settings: Partial<MlpOptions> = {}): Trainable {
  return {
    name: 'mlp',
    fit(rows, options) {
      checkpoint(options, 0);
      return mlpRouter(learn(inNameOrder(rows), options, { ...DEFAULTS, ...settings }));
    },
    load(state) {
      const read = readState(state, 'mlp');
      const models = read.names('models');
      const labels = read.names('labels');
      const hidden = read.number('hidden');
      const outputs = models.length + labels.length;
      const inputs = loadDenseInputs(read);
      return mlpRouter({
        models,
        labels,
        inputs,
        net: {
          inputs: inputs.size,
          hidden,
          outputs,
          w1: read.float32('w1', inputs.size * hidden),
          b1: read.float32('b1', hidden),
          w2: read.float32('w2', hidden * outputs),
          b2: read.float32('b2', outputs),
        },
        means: read.float64('means', models.length),
        counts: read.float64('counts', models.length),
        stderr: read.float64('stderr', models.length),
      });
    },
  };
}

/**
 * A network with one hidden layer from a query's form and text to all models' scores at once (as LLMRouter's `mlprouter`,
 * but on every model's score instead of the best model's name, so that ties teach too). A second head names the
 * query's benchmark: that topic is most of what can be known, and without it such networks lose to linear models.
 */
export const mlp: Trainable = mlpWith();
