import { seededRandom } from '../../routers/numeric/random.ts';
import { differenceInterval, drawWeights, intervalOf, type Interval } from './bootstrap.ts';
import type { Judged } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import { duelOf, routeLlm, type Duel, type RouteLlm } from './routellm.ts';
import { singlesOf } from './singles.ts';

/** RouteLLM's measures of one contender with intervals. */
export interface DuelReport extends RouteLlm {
  readonly apgrCi: Interval | null;
  /** Of the paired difference to the control `length`. */
  readonly apgrMinusLengthCi: Interval | null;
}

/** What a model drawn at random reaches in expectation: the straight line between the two. */
const RANDOM: DuelReport = { apgr: 0.5, cpt50: 50, cpt80: 80, apgrCi: null, apgrMinusLengthCi: null };

function duels(outcomes: Outcomes, judged: readonly Judged[]): Map<string, Duel> {
  const { scores } = outcomes;
  const { quality } = singlesOf(outcomes);
  const strong = (quality[1] ?? 0) > (quality[0] ?? 0) ? 1 : 0;
  const column = (table: Float64Array, j: number): Float64Array => table.filter((_, i) => i % 2 === j);
  const [best, worst] = [column(scores, strong), column(scores, 1 - strong)];
  const found = new Map<string, Duel>();
  for (const { name, forecast } of judged) {
    if (forecast === null) continue;
    const weak = column(forecast.quality, 1 - strong);
    found.set(
      name,
      duelOf(
        column(forecast.quality, strong).map((q, i) => q - (weak[i] ?? 0)),
        best,
        worst,
      ),
    );
  }
  return found;
}

/** RouteLLM's measures for two-model sets: the preference is the difference of the predicted qualities. Empty for others. */
export function duelsOf(
  outcomes: Outcomes,
  judged: readonly Judged[],
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): Map<string, DuelReport> {
  const found = new Map<string, DuelReport>();
  if (outcomes.models.length !== 2) return found;
  const random = seededRandom(seed);
  const weights = new Float64Array(outcomes.groups.length);
  const counts = new Float64Array(outcomes.groups.reduce((most, group) => Math.max(most, group + 1), 0));
  const all = duels(outcomes, judged);
  const draws = new Map([...all.keys()].map((name) => [name, new Float64Array(resamples).fill(Number.NaN)]));
  for (let r = 0; r < resamples; r++) {
    drawWeights(outcomes.groups, random, counts, weights);
    for (const [name, duel] of all) {
      const own = draws.get(name);
      if (own !== undefined)
        own[r] =
          routeLlm(
            duel,
            Float64Array.from(duel.order, (i) => weights[i] ?? 0),
          )?.apgr ?? Number.NaN;
    }
  }
  const length = draws.get('length');
  for (const [name, duel] of all) {
    const measures = routeLlm(duel);
    const own = draws.get(name);
    if (measures === null || own === undefined) continue;
    found.set(name, {
      ...measures,
      apgrCi: intervalOf(own),
      apgrMinusLengthCi: length === undefined || name === 'length' ? null : differenceInterval(own, length),
    });
  }
  if (judged.some(({ name }) => name === 'random')) found.set('random', RANDOM);
  return found;
}
