import type { Model } from '../catalog/model.ts';
import { columnFinder } from './columns.ts';
import { explainAbility, explainDifficulty } from './irt/explain.ts';
import { learn } from './irt/learn.ts';
import { itemOf, loadLearnt, saveLearnt, type Item, type Learnt } from './irt/learnt.ts';
import { anyAbility, declaredAbility, estimateAbility, logitOf, type Ability } from './irt/population.ts';
import { sigmoid } from './numeric/sigmoid.ts';
import { DECLARED_STDERR, UNDECLARED } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import type { Trainable, TrainedRouter } from './trained.ts';

/** A recorded score of a model that joins. */
export interface JoinOutcome {
  readonly features: Features;
  /** 0..1. */
  readonly score: number;
}

/** An item response router: models can join it without a refit. */
export interface IrtRouter extends TrainedRouter {
  /**
   * The same router that also knows `name`, by the posterior mode of its abilities given the items as they are. Before
   * its outcomes it is expected to be as it was learnt if it was, else as models of its declared `quality` are, else as
   * any model. Few outcomes move it little.
   */
  join(name: string, outcomes: readonly JoinOutcome[], declared?: { readonly quality?: number }): IrtRouter;
}

/** Declared qualities whose abilities are remembered. */
const REMEMBERED = 64;

/** The abilities that a declared quality stands for, computed once each. */
function declaredAbilities({ population, reference }: Learnt): (quality: number) => Ability {
  const known = new Map<number, Ability>();
  return (quality) => {
    const found = known.get(quality);
    if (found !== undefined) return found;
    const ability = declaredAbility(population, reference, quality, DECLARED_STDERR);
    if (known.size >= REMEMBERED) known.clear();
    known.set(quality, ability);
    return ability;
  };
}

/** Var(z) = vᵀΣv + Var(b) + ‖θ‖²·Var(a) with v = (1, a) and Σ the covariance of (c, θ). */
function varianceOf(
  { items, difficultyVariance, discriminationVariance }: Item,
  { mean, covariance }: Ability,
): number {
  const { rows, r } = items;
  let variance = difficultyVariance;
  for (let k = 0; k < r; k++) {
    const vk = k === 0 ? 1 : (rows[k] ?? 0);
    for (let l = 0; l < r; l++) variance += vk * (l === 0 ? 1 : (rows[l] ?? 0)) * (covariance[k * r + l] ?? 0);
    if (k > 0) variance += (mean[k] ?? 0) ** 2 * discriminationVariance;
  }
  return Math.max(0, variance);
}

function predictOne(item: Item, ability: Ability): Prediction {
  const quality = sigmoid(logitOf(item.items, 0, ability.mean));
  return { quality, stderr: quality * (1 - quality) * Math.sqrt(varianceOf(item, ability)) };
}

/** Items of the outcomes, and the posterior of the one who answered them. */
function joined(learnt: Learnt, outcomes: readonly JoinOutcome[], before: Ability): Ability {
  const r = learnt.centre.length;
  const rows = new Float64Array(outcomes.length * r);
  for (const [i, { features }] of outcomes.entries()) rows.set(itemOf(learnt, features).items.rows, i * r);
  return estimateAbility(
    { rows, r },
    Float64Array.from(outcomes, ({ score }) => score),
    before,
  );
}

function router(learnt: Learnt): IrtRouter {
  const find = columnFinder(learnt.models);
  const declared = declaredAbilities(learnt);
  const abilityOf = (model: Model): Ability | undefined =>
    learnt.abilities[find(model)] ?? (model.quality === undefined ? undefined : declared(model.quality));
  return {
    name: 'irt',
    needs: ['ngrams', 'structure'],
    models: learnt.models,
    predict(features, models) {
      const item = itemOf(learnt, features);
      return models.map((model) => {
        const ability = abilityOf(model);
        return ability === undefined ? UNDECLARED : predictOne(item, ability);
      });
    },
    explain(features, models) {
      return [
        explainDifficulty(learnt, features),
        ...models.map((model) => {
          const ability = abilityOf(model);
          return ability === undefined
            ? `${model.id}: not learnt and no quality declared, taken as 50 % ± 25`
            : explainAbility(learnt, features, model, ability, find(model) !== -1);
        }),
      ];
    },
    join(name, outcomes, { quality } = {}) {
      const column = learnt.models.indexOf(name);
      const before =
        learnt.abilities[column] ?? (quality === undefined ? anyAbility(learnt.population) : declared(quality));
      const ability = joined(learnt, outcomes, before);
      return router(
        column === -1
          ? { ...learnt, models: [...learnt.models, name], abilities: [...learnt.abilities, ability] }
          : { ...learnt, abilities: learnt.abilities.with(column, ability) },
      );
    },
    save: () => saveLearnt(learnt),
  };
}

/**
 * Multidimensional item response theory (the compensatory two-parameter logistic model: Reckase, 2009):
 *
 *     q̂_m(x) = σ(c_m + a(x)·θ_m − b(x))
 *
 * A query x is an item whose difficulty b and discriminations a = (a_1 … a_d) are linear in its n-grams and form; a model
 * m has a general ability c_m and special abilities θ_m, d ≤ 8. Items and c are the posterior mode under normal priors;
 * θ are the directions in which the models' own weights differ most. Scores between 0 and 1 count as that share of a
 * success, what was not recorded counts for nothing, so that sets with models of their own can be learnt together.
 *
 * The error is that of the abilities (Laplace) and that of the items, carried to the quality by the delta method.
 * A model that was not learnt but has a declared quality gets the abilities that models of that quality have on average.
 */
export const irt: Trainable<IrtRouter> = {
  name: 'irt',
  fit: (rows, options) => router(learn(rows, options)),
  load: (state) => router(loadLearnt(state)),
};
