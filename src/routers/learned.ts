import { fitCost } from './cost.ts';
import { inNameOrder } from './columns.ts';
import { PARTS } from './blend.ts';
import { ensembleRouter, fitEqualParts, fitParts, loadEnsemble, within } from './ensemble.ts';
import { combine, meanWeights, stackWeights, type PartForecasts, type Recipe } from './recipes.ts';
import { INNER_FOLDS, LEAST_ROWS, outOfFoldParts, type OutOfFold } from './stack.ts';
import { worthOf } from './worth.ts';
import { mlp } from './mlp.ts';
import { asPart } from './parts/other.ts';
import type { Part } from './parts/part.ts';
import { hasVectors, vectors } from './parts/vectors.ts';
import type { Trainable } from './trained.ts';
import type { TrainingSet } from './training-set.ts';

const NAME = 'learned';

/** What may be summed: the parts of `blend`, and a network. */
const KNOWN: readonly Part[] = [...PARTS, asPart(mlp)];
/** The same where rows have vectors. */
const WITH_VECTORS: readonly Part[] = [...KNOWN, vectors];

/** What is tried, simplest first. */
export const RECIPES: readonly Recipe[] = [
  { name: 'ridge', parts: ['ridge'] },
  { name: 'knn', parts: ['knn'] },
  { name: 'kmeans', parts: ['kmeans'] },
  { name: 'category', parts: ['category'] },
  { name: 'mlp', parts: ['mlp'] },
  { name: 'ridge + knn', parts: ['ridge', 'knn'] },
  { name: 'knn + category', parts: ['knn', 'category'] },
  { name: 'kmeans + category', parts: ['kmeans', 'category'] },
  { name: 'knn + kmeans + category', parts: ['knn', 'kmeans', 'category'] },
  { name: 'knn + mlp', parts: ['knn', 'mlp'] },
  { name: 'category + mlp', parts: ['category', 'mlp'] },
  { name: 'knn + category + mlp', parts: ['knn', 'category', 'mlp'] },
  { name: 'ridge + knn + mlp', parts: ['ridge', 'knn', 'mlp'] },
  { name: 'ridge + knn + kmeans + category', parts: ['ridge', 'knn', 'kmeans', 'category'] },
  { name: 'all', parts: KNOWN.map((part) => part.name) },
  { name: 'stack', parts: KNOWN.map((part) => part.name), stacked: true },
];

/** What is tried beside {@link RECIPES} where rows have vectors. */
const VECTOR_RECIPES: readonly Recipe[] = [
  { name: 'vectors', parts: ['vectors'] },
  { name: 'ridge + vectors', parts: ['ridge', 'vectors'] },
  { name: 'category + vectors', parts: ['category', 'vectors'] },
  { name: 'mlp + vectors', parts: ['mlp', 'vectors'] },
  { name: 'knn + category + vectors', parts: ['knn', 'category', 'vectors'] },
  { name: 'knn + category + mlp + vectors', parts: ['knn', 'category', 'mlp', 'vectors'] },
  { name: 'all + vectors', parts: WITH_VECTORS.map((part) => part.name) },
  { name: 'stack + vectors', parts: WITH_VECTORS.map((part) => part.name), stacked: true },
];

/**
 * Trials this close to the best cannot be told from it by the rows there are (two runs with other folds differ by about
 * as much): their weights are averaged.
 */
const CLOSE = 0.002;
/** What a multiply-add per decision costs in quality: a million of them, about a millisecond, .0005. */
const WORK_PRICE = 5e-10;
/** Parts of less weight than this are left out. */
const LEAST_WEIGHT = 0.04;

interface Trial {
  readonly recipe: Recipe;
  readonly weights: readonly number[];
  readonly quality: Float64Array;
  readonly worth: number;
  readonly work: number;
}

/** The forecasts of some parts. */
function onlyParts({ names, deviations, means }: PartForecasts, wanted: readonly string[]): PartForecasts {
  const kept = names.flatMap((name, i) => (wanted.includes(name) ? [i] : []));
  return { names: kept.map((i) => names[i] ?? ''), deviations: kept.flatMap((i) => deviations[i] ?? []), means };
}

/** A recipe's weights, and its predictions for rows that neither parts nor weights had seen. */
function attempt(recipe: Recipe, inner: OutOfFold, set: TrainingSet): Pick<Trial, 'weights' | 'quality'> | undefined {
  const m = set.models.length;
  if (recipe.stacked !== true) {
    const weights = meanWeights(recipe, inner.names);
    return weights === undefined ? undefined : { weights, quality: combine(inner, weights, m) };
  }
  const chosen = onlyParts(inner, recipe.parts);
  const stack = (counts: (row: number) => boolean) => {
    const weights = stackWeights(chosen, set.scores, m, counts);
    return inner.names.map((name) => weights[chosen.names.indexOf(name)] ?? 0);
  };
  const quality = new Float64Array(set.scores.length);
  for (let fold = 0; fold < INNER_FOLDS; fold++) {
    const told = combine(
      inner,
      stack((row) => inner.folds[row] !== fold),
      m,
    );
    for (const [row, of] of inner.folds.entries()) {
      if (of === fold) quality.set(told.subarray(row * m, (row + 1) * m), row * m);
    }
  }
  return { weights: stack(() => true), quality };
}

/** The mean of the weights of all trials within {@link CLOSE} of the best, small ones left out. */
function agree(trials: readonly Trial[], parts: number): { readonly names: string[]; readonly weights: number[] } {
  const value = ({ worth, work }: Trial): number => worth - work * WORK_PRICE;
  const most = Math.max(...trials.map(value));
  const close = trials.filter((trial) => value(trial) >= most - CLOSE);
  const weights = Array.from(
    { length: parts },
    (_, p) => close.reduce((sum, trial) => sum + (trial.weights[p] ?? 0), 0) / close.length,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    names: close.map(({ recipe }) => recipe.name),
    weights: weights.map((weight) => (weight < LEAST_WEIGHT * total ? 0 : weight)),
  };
}

const rounded = (value: number): number => Math.round(value * 1e5) / 1e5;

/**
 * Chooses among the other routers' parts and their mixtures: each is fitted on inner folds and judged on rows that it had
 * not seen by {@link worthOf}, less a little for its work per decision. The weights of all that come within
 * {@link CLOSE} of the best are averaged, and what they name is fitted on all rows. The trials stay in the artifact.
 * Where rows have vectors of an embedder, mixtures with {@link vectors} are judged beside the others; what would have been
 * chosen without them decides for a query whose vector does not come.
 */
export const learned: Trainable = {
  name: NAME,
  fit(rows, options) {
    const set = inNameOrder(rows);
    const m = set.models.length;
    const withVectors = hasVectors(set.features);
    if (set.ids.length < LEAST_ROWS) {
      return fitEqualParts(NAME, set, withVectors ? [...PARTS, vectors] : PARTS, options, {
        why: `fewer than ${LEAST_ROWS} rows: the mean of all`,
      });
    }
    const costs = new Float64Array(set.costs.length).fill(Number.NaN);
    const known = withVectors ? WITH_VECTORS : KNOWN;
    const inner = outOfFoldParts(set, known, within(options, 0, 0.8), (seen, unseen) => {
      const model = fitCost(seen, { seed: options.seed });
      for (const row of unseen) {
        const features = set.features[row];
        if (features !== undefined) costs.set(model.costs(features), row * m);
      }
    });
    const recipes = inner.names.includes(vectors.name) ? [...RECIPES, ...VECTOR_RECIPES] : RECIPES;
    const trials = recipes.flatMap((recipe): Trial[] => {
      const made = attempt(recipe, inner, set);
      if (made === undefined) return [];
      const work = inner.work.reduce((sum, each, p) => sum + ((made.weights[p] ?? 0) > 0 ? each : 0), 0);
      return [{ recipe, ...made, work, worth: worthOf(made.quality, costs, set, m) }];
    });
    const chosen = agree(trials, inner.names.length);
    const weightIn = (weights: readonly number[], name: string): number => weights[inner.names.indexOf(name)] ?? 0;
    const needsVector = weightIn(chosen.weights, vectors.name) > 0;
    // What would have been chosen without vectors decides for a query whose vector does not come.
    const spare = needsVector
      ? agree(
          trials.filter(({ recipe }) => !recipe.parts.includes(vectors.name)),
          inner.names.length,
        ).weights
      : undefined;
    const fitted = fitParts(
      set,
      known.filter(({ name }) => [chosen.weights, spare ?? []].some((weights) => weightIn(weights, name) > 0)),
      within(options, 0.8, 0.2),
    );
    const weightsOf = (weights: readonly number[]) => fitted.parts.map(({ name }) => weightIn(weights, name));
    return ensembleRouter(NAME, {
      fitted,
      weights: weightsOf(chosen.weights),
      ...(spare === undefined ? {} : { spare: weightsOf(spare) }),
      outOfFold: combine(inner, chosen.weights, m, spare),
      notes: {
        chosen: chosen.names,
        trials: trials.map(({ recipe, worth, work }) => ({
          name: recipe.name,
          worth: rounded(worth),
          work: Math.round(work),
        })),
      },
    });
  },
  load: (state) => loadEnsemble(state, NAME, WITH_VECTORS),
};
