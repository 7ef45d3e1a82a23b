import { namedModel } from '../../catalog/model.ts';
import { computeFeatures } from '../../query/features.ts';
import type { Query } from '../../query/query.ts';
import { fitCost, type CostModel } from '../../routers/cost.ts';
import { foldsOf, rowsOfFold } from '../../routers/numeric/folds.ts';
import type { Features, Router } from '../../routers/router.ts';
import type { Trainable, TrainedRouter } from '../../routers/trained.ts';
import { takeRows, type FitOptions, type TrainingSet } from '../../routers/training-set.ts';
import type { Forecast } from '../../decide/sweep.ts';

/** Folds inside a training fold, for the predictions from which λ is chosen. */
export const INNER_FOLDS = 5;

/** What a fit is told beside its rows. */
export interface FitContext extends FitOptions {
  /** The models that are judged, in order: columns of every forecast. */
  readonly models: readonly string[];
  /** Expected costs learnt from the same rows; null where the set has none. One for all, so that routers differ in quality only. */
  readonly cost: CostModel | null;
}

/** Something that has learnt and can be judged. */
export interface Fitted {
  /** Predictions for queries it has not seen. */
  forecast(features: readonly Features[]): Forecast;
  /** Predictions for its own training rows, each by a fit that had not seen that row's group. */
  outOfFold(): Forecast;
  /** All that one live decision computes, features included; absent where nothing is computed. */
  readonly decide?: (query: Query) => void;
}

/** Something that is judged: a router, or a control that exposes one which learns nothing. */
export interface Contender {
  readonly name: string;
  readonly control: boolean;
  fit(train: TrainingSet, context: FitContext): Fitted;
}

/** Columns `wanted` of a table with columns `names`; NaN where there is none of that name. */
export function pickColumns(table: Float64Array, names: readonly string[], wanted: readonly string[]): Float64Array {
  const columns = wanted.map((name) => names.indexOf(name));
  const n = names.length === 0 ? 0 : table.length / names.length;
  const out = new Float64Array(n * wanted.length);
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (const c of columns) out[at++] = c === -1 ? Number.NaN : (table[i * names.length + c] ?? Number.NaN);
  }
  return out;
}

/** Expected costs of the judged models for each query: n × m. */
export function costTable(
  cost: CostModel | null,
  features: readonly Features[],
  models: readonly string[],
): Float64Array | null {
  if (cost === null) return null;
  const columns = models.map((name) => cost.models.indexOf(name));
  const out = new Float64Array(features.length * models.length);
  let at = 0;
  for (const row of features) {
    const costs = cost.costs(row);
    for (const c of columns) out[at++] = costs[c] ?? Number.NaN;
  }
  return out;
}

/** A router's predictions for each query: n × m qualities and standard errors. */
export function predictAll(
  router: Router,
  features: readonly Features[],
  models: readonly string[],
): Pick<Forecast, 'quality' | 'stderr'> {
  const candidates = models.map(namedModel);
  const quality = new Float64Array(features.length * models.length);
  const stderr = new Float64Array(quality.length);
  let at = 0;
  for (const row of features) {
    for (const prediction of router.predict(row, candidates)) {
      quality[at] = prediction.quality;
      stderr[at++] = prediction.stderr;
    }
  }
  return { quality, stderr };
}

/**
 * Predicted qualities (n × m, columns as in the set) of training rows, each by a fit on the other folds. Grouped by query;
 * used where a fit does not bring its own out-of-fold predictions.
 */
export function outOfFold(trainable: Trainable, set: TrainingSet, k: number, options: FitOptions): Float64Array {
  const m = set.models.length;
  const folds = foldsOf(set.groups, k, options.seed);
  const out = new Float64Array(set.scores.length);
  for (let fold = 0; fold < k; fold++) {
    const { inside, outside } = rowsOfFold(folds, fold);
    if (inside.length === 0) continue;
    const router = trainable.fit(takeRows(set, outside), { ...options, progress: () => {} });
    const { quality } = predictAll(router, takeRows(set, inside).features, set.models);
    for (const [i, row] of inside.entries()) out.set(quality.subarray(i * m, (i + 1) * m), row * m);
    options.progress?.((fold + 1) / k);
  }
  return out;
}

/** The out-of-fold predictions that the fit made anyway, else fresh ones; columns in the order of the set's models. */
function ownOutOfFold(
  router: TrainedRouter,
  trainable: Trainable,
  set: TrainingSet,
  options: FitOptions,
): Float64Array {
  return router.outOfFold === undefined
    ? outOfFold(trainable, set, INNER_FOLDS, options)
    : pickColumns(router.outOfFold, router.models, set.models);
}

/** A router that learns, with costs from the shared cost model. */
export function contenderOf(trainable: Trainable): Contender {
  return {
    name: trainable.name,
    control: false,
    fit(train, context) {
      const { models, cost, seed, progress, cancelled } = context;
      const options: FitOptions = {
        seed,
        ...(progress === undefined ? {} : { progress }),
        ...(cancelled === undefined ? {} : { cancelled }),
      };
      const router = trainable.fit(train, options);
      const candidates = models.map(namedModel);
      const needs = [...new Set([...router.needs, ...(cost === null ? [] : (['structure'] as const))])];
      return {
        forecast: (features) => ({ ...predictAll(router, features, models), cost: costTable(cost, features, models) }),
        outOfFold() {
          const quality = pickColumns(ownOutOfFold(router, trainable, train, options), train.models, models);
          return { quality, stderr: new Float64Array(quality.length), cost: costTable(cost, train.features, models) };
        },
        decide(query) {
          const features = computeFeatures(query, needs);
          router.predict(features, candidates);
          cost?.costs(features);
        },
      };
    },
  };
}

/** The cost model of a training set; null where no cost is recorded. */
export function costOf(train: TrainingSet, options: FitOptions): CostModel | null {
  return train.costs.some((cost) => Number.isFinite(cost)) ? fitCost(train, options) : null;
}
