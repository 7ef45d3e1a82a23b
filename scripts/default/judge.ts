import type { Model } from '../../src/catalog/model.ts';
import { meansOf } from '../../src/decide/curve.ts';
import { sweep } from '../../src/decide/sweep.ts';
import { takeRows, type TrainingSet } from '../../src/routers/training-set.ts';
import type { Features, Router } from '../../src/routers/router.ts';
import { aucOf, bootstrap, differenceInterval, rangeOf, type Interval } from '../../src/training/evaluate/bootstrap.ts';
import { namedModel } from '../../src/catalog/model.ts';
import { costOf } from '../../src/training/evaluate/contender.ts';
import { zeroControl } from '../../src/training/evaluate/fixed.ts';
import { judgedChoice, type Judged } from '../../src/training/evaluate/judge.ts';
import type { Outcomes } from '../../src/training/evaluate/outcomes.ts';
import { bestOf, singlesOf } from '../../src/training/evaluate/singles.ts';
import { foldSplits } from '../../src/training/evaluate/splits.ts';
import { costTable } from '../../src/training/evaluate/tables.ts';
import type { LengthRule } from './length-rule.ts';

const SEED = 7;
const FOLDS = 5;
const RESAMPLES = 1000;

/** Controls that a default has to beat; without costs, `zero` is `best-single`. */
export const CONTROLS = ['constant', 'length', 'zero', 'best-single'] as const;

/** A router's number beside those of the controls. */
export interface Verdict {
  /** Area with costs, else the mean score of the models it thinks best. */
  readonly measure: 'auc' | 'quality';
  readonly rows: number;
  readonly models: number;
  readonly irt: number;
  /** Each control's number, and how far the router is above it with a 95 % interval. */
  readonly controls: readonly {
    readonly name: string;
    readonly value: number;
    readonly above: number;
    readonly ci: Interval;
  }[];
  /** Above all of them, the intervals too. */
  readonly beatsAll: boolean;
}

/** n × m expected costs, each query's by a cost model of the other folds: the same for all contenders. */
function expectedCosts(set: TrainingSet, outcomes: Outcomes): Float64Array | null {
  if (outcomes.costs === null) return null;
  const m = outcomes.models.length;
  const out = new Float64Array(outcomes.costs.length);
  for (const { train, test } of foldSplits(set, outcomes, FOLDS, SEED)) {
    const { features } = takeRows(
      set,
      test.map((at) => outcomes.rows[at] ?? 0),
    );
    const part = costTable(costOf(train, { seed: SEED }), features, outcomes.models);
    for (const [i, at] of test.entries()) out.set(part?.subarray(i * m, (i + 1) * m) ?? [], at * m);
  }
  return out;
}

/** Predictions as a contender: what it chooses at every exchange rate of quality and money. */
function judgedBy(name: string, quality: Float64Array, cost: Float64Array | null, outcomes: Outcomes): Judged {
  const { scores, costs, models } = outcomes;
  const forecast = { quality, stderr: new Float64Array(quality.length), cost };
  const { curve, best } = sweep(forecast, scores, costs, models.length);
  return { ...judgedChoice(name, outcomes, best), curve };
}

function predicted(router: Router, features: readonly Features[], models: readonly Model[]): Float64Array {
  return Float64Array.from(features.flatMap((row) => router.predict(row, models).map(({ quality }) => quality)));
}

/** What is known of the models: their names in the artifact, or else their mean scores on this very set. */
export type Knowledge = { readonly learntNames: readonly string[] } | 'declared scores';

/**
 * Judges a router on a set that it was not trained on. `constant` is each model's mean score on the set, which is what
 * `prior` would answer with; it is in hindsight, and the router gets the same where only scores are declared.
 */
export function judgeOn(
  set: TrainingSet,
  outcomes: Outcomes,
  knowledge: Knowledge,
  router: Router,
  lengths: LengthRule,
): Verdict {
  const { models, scores, rows } = outcomes;
  const n = rows.length;
  const { features } = takeRows(set, rows);
  const singles = singlesOf(outcomes);
  const means = singles.quality;
  const cost = expectedCosts(set, outcomes);
  const live = models.map((id, j): Model => {
    const model = namedModel(id);
    return knowledge === 'declared scores'
      ? { ...model, as: `unknown:${id}`, quality: means[j] ?? 0 }
      : { ...model, as: knowledge.learntNames[j] ?? id };
  });
  const byLength =
    knowledge === 'declared scores'
      ? lengths.declared(features, means)
      : lengths.named(features, knowledge.learntNames);
  const constant = Float64Array.from({ length: n * models.length }, (_, i) => means[i % models.length] ?? 0);
  const judged = [
    judgedBy('irt', predicted(router, features, live), cost, outcomes),
    judgedBy('constant', constant, cost, outcomes),
    judgedBy('length', byLength, cost, outcomes),
    zeroControl(outcomes),
    judgedChoice('best-single', outcomes, new Int32Array(n).fill(bestOf(singles))),
  ].filter(({ name }) => cost !== null || name !== 'zero');
  const reference = { score: new Float64Array(n).fill(1), cost: new Float64Array(n).fill(1) };
  const draws = bootstrap(outcomes, judged, reference, { seed: SEED, resamples: RESAMPLES });
  const range = rangeOf(singles);
  const value = (name: string): number => {
    const one = judged.find((other) => other.name === name);
    if (one === undefined) return Number.NaN;
    if (cost !== null) return aucOf(meansOf(one.curve), singles, range) ?? Number.NaN;
    return one.best.reduce((sum, score) => sum + score, 0) / n;
  };
  const drawn = (name: string): Float64Array =>
    (cost === null ? draws.strategies.get(name)?.['quality-first']?.quality : draws.auc.get(name)) ??
    new Float64Array(0);
  const controls = CONTROLS.filter((name) => judged.some((one) => one.name === name)).map((name) => ({
    name,
    value: value(name),
    above: value('irt') - value(name),
    ci: differenceInterval(drawn('irt'), drawn(name)) ?? ([Number.NaN, Number.NaN] as const),
  }));
  return {
    measure: cost === null ? 'quality' : 'auc',
    rows: n,
    models: scores.length / n,
    irt: value('irt'),
    controls,
    beatsAll: controls.every(({ ci }) => ci[0] > 0),
  };
}
