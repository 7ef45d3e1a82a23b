import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import { eloOf, fitStrengths, resultsOf } from './numeric/bradley-terry.ts';
import { logit } from './numeric/sigmoid.ts';
import { priorOf } from './prior.ts';
import type { Prediction } from './router.ts';
import { scoreMoments } from './score-moments.ts';
import { readState } from './state-reader.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type TrainingSet } from './training-set.ts';

/** How strengths become quality: q = σ(intercept + slope · θ). */
export interface Link {
  readonly intercept: number;
  readonly slope: number;
}

/** What the comparisons taught, one number per model; columns in order of their names. */
export interface Strengths {
  readonly models: readonly string[];
  /** Bradley–Terry strengths in logits. */
  readonly theta: Float64Array;
  readonly link: Link;
  /** Standard error of each model's quality. */
  readonly stderr: Float64Array;
  /** Recorded scores of each model. */
  readonly counts: Float64Array;
}

/** σ(intercept + slope · θ). */
export function linked({ intercept, slope }: Link, theta: number): number {
  return 1 / (1 + Math.exp(-(intercept + slope * theta)));
}

/**
 * The line through the models' mean scores on the logit scale, weighted by their recorded scores; it never falls, and
 * one more model with slope 1 counts as a pseudo-observation, so that one model or equal strengths give a line too.
 */
export function fitLink(theta: Float64Array, means: Float64Array, counts: Float64Array): Link {
  let total = 0;
  let x = 0;
  let y = 0;
  const logits = means.map((mean) => logit(mean));
  for (let c = 0; c < theta.length; c++) {
    const weight = counts[c] ?? 0;
    total += weight;
    x += weight * (theta[c] ?? 0);
    y += weight * (logits[c] ?? 0);
  }
  if (total === 0) return { intercept: 0, slope: 1 };
  x /= total;
  y /= total;
  let xx = 0;
  let xy = 0;
  for (let c = 0; c < theta.length; c++) {
    const weight = (counts[c] ?? 0) / total;
    xx += weight * ((theta[c] ?? 0) - x) ** 2;
    xy += weight * ((theta[c] ?? 0) - x) * ((logits[c] ?? 0) - y);
  }
  const pseudo = 1e-3;
  const slope = Math.max(0, (xy + pseudo) / (xx + pseudo));
  return { intercept: y - slope * x, slope };
}

/** Strengths of a set whose columns are in order of their names. */
export function fitElo({ models, scores }: TrainingSet): Strengths {
  const m = models.length;
  const theta = fitStrengths(resultsOf(scores, m));
  const { counts, means, deviations } = scoreMoments(scores, m);
  const link = fitLink(theta, means, counts);
  const stderr = Float64Array.from(deviations, (deviation, c) => {
    const n = counts[c] ?? 0;
    const misfit = n === 0 ? 0 : (means[c] ?? 0) - linked(link, theta[c] ?? 0);
    return Math.hypot(deviation / Math.sqrt(n + 1), misfit);
  });
  return { models, theta, link, stderr, counts };
}

/** The tensors and numbers of {@link Strengths}. */
export function saveStrengths({ models, theta, link, stderr, counts }: Strengths) {
  return {
    meta: { models, intercept: link.intercept, slope: link.slope },
    tensors: { theta, stderr, counts },
  };
}

/** Reads what {@link saveStrengths} gave. */
export function loadStrengths(state: ReturnType<typeof readState>): Strengths {
  const models = state.names('models');
  return {
    models,
    theta: state.float64('theta', models.length),
    link: { intercept: state.number('intercept'), slope: state.number('slope') },
    stderr: state.float64('stderr', models.length),
    counts: state.float64('counts', models.length),
  };
}

function eloRouter(strengths: Strengths): TrainedRouter {
  const { models, theta, link, stderr, counts } = strengths;
  const columnOf = columnFinder(models);
  const predictions = models.map((_, c): Prediction => ({
    quality: linked(link, theta[c] ?? 0),
    stderr: stderr[c] ?? 0,
  }));
  const line = (model: Model): string => {
    const c = columnOf(model);
    const prediction = predictions[c];
    if (prediction === undefined || (counts[c] ?? 0) === 0) return `${model.id}: never compared, taken as declared`;
    return `${model.id}: Elo ${eloOf(theta[c] ?? 0).toFixed(0)} over ${counts[c]} queries, which is a quality of ${(prediction.quality * 100).toFixed(1)} %`;
  };
  return {
    name: 'elo',
    needs: [],
    models,
    predict: (_features, asked) =>
      asked.map((model) => {
        const c = columnOf(model);
        return ((counts[c] ?? 0) > 0 ? predictions[c] : undefined) ?? priorOf(model);
      }),
    explain: (_features, asked) => (asked.length === 0 ? ['no model to compare'] : asked.map(line)),
    save: () => ({ router: 'elo', ...saveStrengths(strengths) }),
  };
}

/**
 * One strength per model from all comparisons of recorded scores, whatever the query: the same model is always the
 * best. Bradley and Terry, 1952, fitted as by LLMRouter and Chatbot Arena (Chiang et al., ICML 2024), ties as half wins.
 *
 * Strengths say who wins, not how good the answers are: a logistic line fitted to the models' mean training scores
 * turns them into quality. Unlike plain means they compare models on the queries that both answered, so that a model
 * with scores for easy queries only gains nothing from it. The standard error is that of the model's mean score together
 * with its distance from the line.
 */
export const elo: Trainable = {
  name: 'elo',
  fit(rows, options) {
    checkpoint(options, 0);
    return eloRouter(fitElo(inNameOrder(rows)));
  },
  load: (state) => eloRouter(loadStrengths(readState(state, 'elo'))),
};
