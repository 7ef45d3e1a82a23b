import { fitCost } from './cost.ts';
import { inNameOrder } from './columns.ts';
import { PARTS } from './blend.ts';
import { ensembleRouter, fitParts, loadEnsemble, within } from './ensemble.ts';
import { combine, meanWeights, stackWeights, type Recipe } from './recipes.ts';
import { INNER_FOLDS, LEAST_ROWS, outOfFoldParts, type OutOfFold } from './stack.ts';
import { worthOf } from './worth.ts';
import type { Trainable } from './trained.ts';
import type { TrainingSet } from './training-set.ts';

const NAME = 'learned';

/** What is tried, simplest first. */
export const RECIPES: readonly Recipe[] = [
  { name: 'ridge', parts: ['ridge'] },
  { name: 'knn', parts: ['knn'] },
  { name: 'kmeans', parts: ['kmeans'] },
  { name: 'category', parts: ['category'] },
  { name: 'ridge + knn', parts: ['ridge', 'knn'] },
  { name: 'knn + category', parts: ['knn', 'category'] },
  { name: 'ridge + knn + form', parts: ['ridge', 'knn', 'form'] },
  { name: 'knn + kmeans + category', parts: ['knn', 'kmeans', 'category'] },
  { name: 'ridge + knn + kmeans + category', parts: ['ridge', 'knn', 'kmeans', 'category'] },
  { name: 'ridge + form + kmeans + category', parts: ['ridge', 'form', 'kmeans', 'category'] },
  { name: 'stack', parts: PARTS.map((part) => part.name), stacked: true },
];

/** Below these rows only plain mixtures are tried: a choice among many is then mostly luck. */
const SMALL = 300;
/** Worths this close are the same: then less work per decision wins. */
const CLOSE = 0.0005;

interface Trial {
  readonly recipe: Recipe;
  readonly weights: readonly number[];
  readonly quality: Float64Array;
  readonly worth: number;
  readonly work: number;
}

/** A recipe's weights, and its predictions for rows that neither parts nor weights had seen. */
function attempt(recipe: Recipe, inner: OutOfFold, set: TrainingSet): Pick<Trial, 'weights' | 'quality'> | undefined {
  const m = set.models.length;
  if (recipe.stacked !== true) {
    const weights = meanWeights(recipe, inner.names);
    return weights === undefined ? undefined : { weights, quality: combine(inner, weights) };
  }
  const quality = new Float64Array(set.scores.length);
  for (let fold = 0; fold < INNER_FOLDS; fold++) {
    const told = combine(
      inner,
      stackWeights(inner, set.scores, m, (row) => inner.folds[row] !== fold),
    );
    for (const [row, of] of inner.folds.entries()) {
      if (of === fold) quality.set(told.subarray(row * m, (row + 1) * m), row * m);
    }
  }
  return { weights: stackWeights(inner, set.scores, m, () => true), quality };
}

/** The trial of highest worth; of those as good, the one that computes least. */
function pick(trials: readonly Trial[]): Trial | undefined {
  const most = Math.max(...trials.map(({ worth }) => worth));
  return trials
    .filter(({ worth }) => worth >= most - CLOSE)
    .reduce<Trial | undefined>(
      (best, trial) => (best === undefined || trial.work < best.work ? trial : best),
      undefined,
    );
}

const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;

/**
 * Chooses among the other routers' parts and their mixtures: each is fitted on inner folds and judged on rows that it had
 * not seen by {@link worthOf}, what is within {@link CLOSE} of the best counts as good, and of those the one that computes
 * least is fitted on all rows. The table of trials stays in the artifact.
 */
export const learned: Trainable = {
  name: NAME,
  fit(rows, options) {
    const set = inNameOrder(rows);
    const m = set.models.length;
    if (set.ids.length < LEAST_ROWS) {
      const fitted = fitParts(set, PARTS, options);
      const weights = fitted.parts.map(() => 1 / Math.max(1, fitted.parts.length));
      return ensembleRouter(NAME, {
        fitted,
        weights,
        notes: { why: `fewer than ${LEAST_ROWS} rows: the mean of all` },
      });
    }
    const costs = new Float64Array(set.costs.length).fill(Number.NaN);
    const inner = outOfFoldParts(set, PARTS, within(options, 0, 0.8), (seen, unseen) => {
      const model = fitCost(seen, { seed: options.seed });
      for (const row of unseen) {
        const features = set.features[row];
        if (features !== undefined) costs.set(model.costs(features), row * m);
      }
    });
    const tried = RECIPES.filter(({ parts }) => set.ids.length >= SMALL || parts.length > 1);
    const trials = tried.flatMap((recipe): Trial[] => {
      const made = attempt(recipe, inner, set);
      if (made === undefined) return [];
      const work = inner.work.reduce((sum, each, p) => sum + ((made.weights[p] ?? 0) > 0 ? each : 0), 0);
      return [{ recipe, ...made, work, worth: worthOf(made.quality, costs, set, m) }];
    });
    const chosen = pick(trials);
    if (chosen === undefined) throw new RangeError('no recipe can be made from the parts');
    const weightOf = new Map(inner.names.map((name, p) => [name, chosen.weights[p] ?? 0]));
    const fitted = fitParts(
      set,
      PARTS.filter((part) => (weightOf.get(part.name) ?? 0) > 0),
      within(options, 0.8, 0.2),
    );
    return ensembleRouter(NAME, {
      fitted,
      weights: fitted.parts.map((part) => weightOf.get(part.name) ?? 0),
      outOfFold: chosen.quality,
      notes: {
        chosen: chosen.recipe.name,
        trials: trials.map(({ recipe, worth, work }) => ({
          name: recipe.name,
          worth: rounded(worth),
          work: Math.round(work),
        })),
      },
    });
  },
  load: (state) => loadEnsemble(state, NAME, PARTS),
};
