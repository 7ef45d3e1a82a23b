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
import { createFactors, deltas, trainFactors, type Factors } from './numeric/factors.ts';
import { holdOutOf } from './numeric/folds.ts';
import { fitLevel, fitPairLink, levelOf, pairLinked, type PairLink } from './pair-link.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { scoreMoments } from './score-moments.ts';
import { readState } from './state-reader.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

export interface MfOptions {
  /** Length k of a model's vector. */
  readonly rank: number;
  readonly rate: number;
  readonly decay: number;
  /** Most queries in a step; fewer on small sets, so that they get steps enough. */
  readonly batch: number;
  readonly maxEpochs: number;
  readonly patience: number;
  /** Share of the queries held out to know when to stop and how far to trust the scores. */
  readonly held: number;
}

const DEFAULTS: MfOptions = { rank: 64, rate: 1e-3, decay: 0.1, batch: 64, maxEpochs: 20, patience: 3, held: 0.15 };

/** Most rows worked through in all, so that large sets train in time: they need fewer epochs. */
const MAX_VISITS = 300_000;

interface Learnt {
  readonly models: readonly string[];
  readonly inputs: DenseInputs;
  readonly factors: Factors;
  readonly link: PairLink;
  /** Weights of a query's level: how high its scores are, whichever the model. */
  readonly level: Float64Array;
  readonly means: Float64Array;
  readonly counts: Float64Array;
  readonly stderr: Float64Array;
}

function learn(set: TrainingSet, options: FitOptions, settings: MfOptions): Learnt {
  const m = set.models.length;
  const n = set.ids.length;
  const { means, counts } = scoreMoments(set.scores, m);
  const inputs = fitDenseInputs(set.features, { seed: options.seed });
  checkpoint(options, 0.3);
  const x = denseMatrix(inputs, set.features);
  checkpoint(options, 0.4);
  const factors = createFactors(inputs.size, settings.rank, m, options.seed);
  const held = n < 20 ? new Int32Array(n) : holdOutOf(set.groups, settings.held, options.seed);
  const rows = held.map((_, row) => row);
  const train = rows.filter((row) => held[row] === 0);
  const test = rows.filter((row) => held[row] === 1);
  trainFactors(factors, x, set.scores, {
    ...settings,
    maxEpochs: Math.max(4, Math.min(settings.maxEpochs, Math.round(MAX_VISITS / n))),
    batch: Math.max(8, Math.min(settings.batch, Math.round(n / 60))),
    seed: options.seed,
    train,
    test,
    onEpoch: (epoch) => checkpoint(options, 0.4 + (0.55 * epoch) / settings.maxEpochs),
  });
  const level = fitLevel(x, inputs.size, set.scores, means, train);
  const scratch = new Float64Array(settings.rank);
  const delta = new Float64Array(n * m);
  const levels = new Float64Array(n);
  for (let row = 0; row < n; row++) {
    deltas(factors, x, row * inputs.size, scratch, delta.subarray(row * m, (row + 1) * m));
    levels[row] = levelOf(level, x, row * inputs.size);
  }
  const link = fitPairLink(delta, levels, set.scores, means, test);
  const predicted = new Float64Array(n * m);
  for (let row = 0; row < n; row++) {
    for (let c = 0; c < m; c++) {
      predicted[row * m + c] = pairLinked(link, c, delta[row * m + c] ?? 0, levels[row] ?? 0);
    }
  }
  const stderr = heldOutErrors(predicted, set.scores, held, m);
  return { models: set.models, inputs, factors, link, level, means, counts, stderr };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function mfRouter(learnt: Learnt): TrainedRouter {
  const { models, inputs, factors, link, level, means, counts, stderr } = learnt;
  const m = models.length;
  const columnOf = columnFinder(models);
  const knows = (column: number): boolean => (counts[column] ?? 0) > 0;
  const run = (features: Features) => {
    const row = denseRow(inputs, features);
    const delta = new Float64Array(m);
    deltas(factors, row, 0, new Float64Array(factors.rank), delta);
    const height = levelOf(level, row, 0);
    return { delta, quality: (c: number) => pairLinked(link, c, delta[c] ?? 0, height) };
  };
  return {
    name: 'mf',
    needs: ['ngrams', 'structure'],
    models,
    predict(features, asked) {
      const { quality } = run(features);
      return asked.map((model): Prediction => {
        const c = columnOf(model);
        return knows(c) ? { quality: quality(c), stderr: stderr[c] ?? 0 } : priorOf(model);
      });
    },
    explain(features, asked) {
      const { delta, quality } = run(features);
      const line = (model: Model): string => {
        const c = columnOf(model);
        if (!knows(c)) return `${model.id}: nothing learnt, taken as declared`;
        let wins = 0;
        for (const [other, d] of delta.entries()) if (other !== c) wins += 1 / (1 + Math.exp(d - (delta[c] ?? 0)));
        const beats = m > 1 ? `, expected to win ${percent(wins / (m - 1))} of its comparisons` : '';
        return `${model.id}: ${percent(quality(c))} here, ${percent(means[c] ?? 0)} on average${beats}`;
      };
      return asked.length === 0 ? ['no model to compare'] : asked.map(line);
    },
    save: () => ({
      router: 'mf',
      meta: { models, rank: factors.rank, slope: link.slope, levelSlope: link.levelSlope },
      tensors: {
        ...saveDenseInputs(inputs),
        means,
        counts,
        stderr,
        level,
        intercepts: link.intercepts,
        projection: factors.w1,
        vectors: factors.v,
        weights: factors.w2,
      },
    }),
  };
}

/** An `mf` with other settings. */
export function mfWith(settings: Partial<MfOptions> = {}): Trainable {
  return {
    name: 'mf',
    fit(rows, options) {
      checkpoint(options, 0);
      return mfRouter(learn(inNameOrder(rows), options, { ...DEFAULTS, ...settings }));
    },
    load(state) {
      const read = readState(state, 'mf');
      const models = read.names('models');
      const m = models.length;
      const rank = read.number('rank');
      const inputs = loadDenseInputs(read);
      return mfRouter({
        models,
        inputs,
        factors: {
          inputs: inputs.size,
          rank,
          w1: read.float32('projection', (inputs.size + 1) * rank),
          v: read.float32('vectors', m * rank),
          w2: read.float32('weights', rank),
        },
        link: {
          slope: read.number('slope'),
          levelSlope: read.number('levelSlope'),
          intercepts: read.float64('intercepts', m),
        },
        level: read.float64('level', inputs.size + 1),
        means: read.float64('means', m),
        counts: read.float64('counts', m),
        stderr: read.float64('stderr', m),
      });
    },
  };
}

/**
 * Matrix factorisation as RouteLLM (Ong et al., 2024) and LLMRouter's `mfrouter` define it: δ(M, q) = w₂·(v̂_M ⊙ W₁e_q)
 * with e_q the query's vector and v̂_M the model's, of length one; a pair's winner should have the higher δ. Here e_q is
 * the query's form and text and a constant, and every pair of recorded scores is a comparison.
 *
 * A δ says who wins, not how good the answers are: see {@link fitPairLink} for how it becomes quality.
 */
export const mf: Trainable = mfWith();
