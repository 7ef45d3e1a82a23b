import { seededRandom } from '../../routers/numeric/random.ts';
import { meansOf, type Curve, type CurvePoints } from '../../decide/curve.ts';
import { hullOf, meanHeight } from '../../decide/hull.ts';
import type { Judged } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import { bestOf, cheapestOf, singlesOf } from './singles.ts';
import { STRATEGIES, type StrategyName } from './strategies.ts';

/** Lower and upper end of a 95 % interval. */
export type Interval = readonly [low: number, high: number];

/** Percentile interval of some draws, NaN ones left out; null when none is left. */
export function intervalOf(draws: Float64Array, level = 0.95): Interval | null {
  const sorted = draws.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length === 0) return null;
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const below = Math.floor(place);
    const low = sorted[below] ?? 0;
    return low + ((sorted[Math.min(below + 1, sorted.length - 1)] ?? 0) - low) * (place - below);
  };
  const tail = (1 - level) / 2;
  return [at(tail), at(1 - tail)];
}

/** How often each query's group was drawn: groups are drawn with replacement, as many as there are. */
export function drawWeights(groups: Int32Array, random: () => number, counts: Float64Array, out: Float64Array): void {
  counts.fill(0);
  for (let g = 0; g < counts.length; g++) {
    const drawn = Math.floor(random() * counts.length);
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  for (let i = 0; i < groups.length; i++) out[i] = counts[groups[i] ?? 0] ?? 0;
}

/** One number per resample: the same resample stands at the same place in every list, so differences are paired. */
export interface Draws {
  readonly zeroAuc: Float64Array;
  /** By contender. */
  readonly auc: ReadonlyMap<string, Float64Array>;
  /** By contender and strategy. */
  readonly strategies: ReadonlyMap<string, Readonly<Record<StrategyName, StrategyDraws | null>>>;
}

export interface StrategyDraws {
  readonly quality: Float64Array;
  readonly cost: Float64Array;
  readonly qualityShare: Float64Array;
  readonly costShare: Float64Array;
}

/** The cost range that areas are taken over, and the point that every hull contains. */
export interface Range {
  /** Columns of the cheapest and the best single model over all judged queries. */
  readonly cheapest: number;
  readonly best: number;
}

export function rangeOf(singles: CurvePoints): Range {
  return { cheapest: cheapestOf(singles), best: bestOf(singles) };
}

/** Mean height of a curve's hull between the cheapest and the best single model's cost. */
export function aucOf(points: CurvePoints, singles: CurvePoints, { cheapest, best }: Range): number | null {
  const cheapestPoint = {
    cost: singles.cost.subarray(cheapest, cheapest + 1),
    quality: singles.quality.subarray(cheapest, cheapest + 1),
  };
  return meanHeight(hullOf([points, cheapestPoint]), singles.cost[cheapest] ?? 0, singles.cost[best] ?? 0);
}

export interface BootstrapOptions {
  readonly seed: number;
  readonly resamples: number;
  readonly progress?: (share: number) => void;
}

function pointsBuffer(curve: Curve): CurvePoints {
  return { quality: new Float64Array(curve.points), cost: new Float64Array(curve.points) };
}

function weightedMean(values: Float64Array, weights: Float64Array, total: number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] ?? 0) * (weights[i] ?? 0);
  return sum / total;
}

/**
 * Resamples the queries by group and recomputes every area and every strategy's mean (Efron and Tibshirani, 1993, chapters
 * 6 and 13: paired, percentile). Predictions and the choices they lead to stay as they are: the interval is about the
 * queries that were met, not about refitting. Which single model is the cheapest and which the best stays too, their means
 * are recomputed. A resample costs O(n + changes) per contender. `reference` is the pick of the best single model by
 * training rows, which shares are counted against.
 */
export function bootstrap(
  outcomes: Outcomes,
  judged: readonly Judged[],
  reference: { readonly score: Float64Array; readonly cost: Float64Array },
  { seed, resamples, progress }: BootstrapOptions,
): Draws {
  const random = seededRandom(seed);
  const weights = new Float64Array(outcomes.groups.length);
  const counts = new Float64Array(outcomes.groups.reduce((most, group) => Math.max(most, group + 1), 0));
  const range = rangeOf(singlesOf(outcomes));
  const list = (): Float64Array => new Float64Array(resamples).fill(Number.NaN);
  const lists = (): StrategyDraws => ({ quality: list(), cost: list(), qualityShare: list(), costShare: list() });
  const zeroAuc = list();
  const work = judged.map(({ name, curve, strategies }) => ({
    name,
    curve,
    chosen: strategies,
    points: pointsBuffer(curve),
    auc: list(),
    draws: Object.fromEntries(STRATEGIES.map((strategy) => [strategy, strategies[strategy] === null ? null : lists()])),
  }));
  for (let r = 0; r < resamples; r++) {
    drawWeights(outcomes.groups, random, counts, weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const singles = singlesOf(outcomes, weights);
    if (outcomes.costs !== null) zeroAuc[r] = aucOf(singles, singles, range) ?? Number.NaN;
    const baseline = {
      quality: weightedMean(reference.score, weights, total),
      cost: weightedMean(reference.cost, weights, total),
    };
    for (const { curve, points, auc, chosen, draws } of work) {
      if (outcomes.costs !== null) auc[r] = aucOf(meansOf(curve, weights, points), singles, range) ?? Number.NaN;
      for (const strategy of STRATEGIES) {
        const [picks, into] = [chosen[strategy], draws[strategy]];
        if (picks === null || into === null || into === undefined) continue;
        const quality = weightedMean(picks.score, weights, total);
        const cost = weightedMean(picks.cost, weights, total);
        into.quality[r] = quality;
        into.cost[r] = cost;
        into.qualityShare[r] = quality / baseline.quality;
        into.costShare[r] = cost / baseline.cost;
      }
    }
    if (r % 50 === 49) progress?.((r + 1) / resamples);
  }
  return {
    zeroAuc,
    auc: new Map(work.map(({ name, auc }) => [name, auc])),
    strategies: new Map(
      work.map(({ name, draws }) => [
        name,
        {
          'quality-first': draws['quality-first'] ?? null,
          balanced: draws['balanced'] ?? null,
          'cost-first': draws['cost-first'] ?? null,
        },
      ]),
    ),
  };
}

/** Interval of a paired difference of two lists of draws. */
export function differenceInterval(a: Float64Array, b: Float64Array): Interval | null {
  return intervalOf(a.map((value, r) => value - (b[r] ?? Number.NaN)));
}
