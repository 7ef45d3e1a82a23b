import { bandFloor } from './band.ts';
import type { Calibrated, Estimate, ReasonCode, Strategy } from './decision.ts';
import { probabilityAbove } from './normal.ts';
import { byCost, byQuality, compare, costOf, next, type Choice } from './ranking.ts';
import { keepByTrade, spendByTrade } from './trade.ts';
import { cost, percent, usd } from './words.ts';

/** What a strategy may look at beside the estimates. */
export interface ChooseContext {
  /** Model id of the baseline; `static` chooses it. */
  readonly default: string;
  /** Uniform in [0, 1); `random` uses it. */
  readonly draw: number;
  /** Counts requests; `round-robin` uses it. */
  readonly turn: number;
  /** The exchange rate of quality and money, where it was measured; `keep-quality` and `budget` use it. */
  readonly calibrated?: Calibrated | undefined;
}

function plural(n: number): string {
  return n === 1 ? '1 model' : `${n} models`;
}

/** `quality-first`: the cheapest within one standard error of the difference to the top, see {@link bandFloor}. */
function qualityFirst(estimates: readonly Estimate[]): Choice {
  const sorted = [...estimates].sort(byQuality);
  const [top] = sorted;
  if (top === undefined) throw new RangeError('no estimates');
  const least = bandFloor(top, sorted);
  const close = (e: Estimate) => e.quality >= least;
  const band = sorted.filter(close).sort(byCost);
  const rest = sorted.filter((e) => !close(e));
  const ranking = [...band, ...rest];
  const [chosen = top] = band;
  const rival = sorted.find((e) => e !== chosen);
  const cheaper = rest.find((e) => costOf(e) < costOf(chosen));
  return {
    ranking,
    reasonCode: 'strategy',
    reason:
      band.length > 1
        ? `cheapest of ${plural(band.length)} within one standard error of the best predicted quality ${percent(top.quality)}${next(ranking)}`
        : `best predicted quality, ${percent(chosen.quality)}${next(ranking)}`,
    confidence:
      rival === undefined
        ? 1
        : probabilityAbove(chosen.quality - rival.quality, Math.hypot(chosen.stderr, rival.stderr)),
    propensity: 1,
    ...(cheaper === undefined
      ? {}
      : {
          flip: `${cheaper.model.id} would be chosen if its predicted quality were at least ${percent(top.quality - Math.hypot(top.stderr, cheaper.stderr))} (now ${percent(cheaper.quality)})`,
        }),
  };
}

/** Whether a name, in any case, is a model's id or alias. */
function isNamed({ model }: Estimate, name: string | undefined): boolean {
  const wanted = name?.toLowerCase();
  return [model.id, ...model.aliases].some((known) => known.toLowerCase() === wanted);
}

/** `keepQuality`: without a calibration sample, the cheapest with q̂ ≥ keep × the reference's q̂ on this query. */
function keepQuality(estimates: readonly Estimate[], strategy: Extract<Strategy, { kind: 'keep-quality' }>): Choice {
  const sorted = [...estimates].sort(byQuality);
  const [top] = sorted;
  if (top === undefined) throw new RangeError('no estimates');
  const named = sorted.find((e) => isNamed(e, strategy.of));
  const reference = named ?? top;
  const target = strategy.keep * reference.quality;
  const meets = (e: Estimate) => e === reference || e.quality >= target;
  const keeping = sorted.filter(meets).sort(byCost);
  const rest = sorted.filter((e) => !meets(e));
  const ranking = [...keeping, ...rest];
  const [chosen = top] = keeping;
  const missing = strategy.of !== undefined && named === undefined ? ` (${strategy.of} is not a candidate)` : '';
  const cheaper = rest.find((e) => costOf(e) < costOf(chosen));
  const share = (e: Estimate) => (reference.quality > 0 ? e.quality / reference.quality : 1);
  const dearer = keeping[1];
  return {
    ranking,
    reasonCode: 'strategy-uncalibrated',
    reason:
      keeping.length === 1 && chosen === reference
        ? `no other model is predicted to keep ${percent(strategy.keep)} of its quality${missing}${next(ranking)}`
        : `cheapest of ${plural(keeping.length)} predicted to keep ${percent(strategy.keep)} of ${reference.model.id}'s quality${missing}${next(ranking)}`,
    confidence:
      chosen === reference
        ? 1
        : probabilityAbove(chosen.quality - target, Math.hypot(chosen.stderr, strategy.keep * reference.stderr)),
    propensity: 1,
    ...(cheaper !== undefined
      ? { flip: `keepQuality <= ${share(cheaper).toFixed(3)} would choose ${cheaper.model.id}` }
      : dearer !== undefined && chosen !== reference
        ? { flip: `keepQuality > ${share(chosen).toFixed(3)} would choose ${dearer.model.id}` }
        : {}),
  };
}

/** `budgetPer1k`: without a calibration sample, the best q̂ whose expected cost fits the mean. */
function withinBudget(estimates: readonly Estimate[], usdPer1k: number): Choice {
  const limit = usdPer1k / 1000;
  const fits = (e: Estimate) => costOf(e) <= limit;
  const fitting = estimates.filter(fits).sort(byQuality);
  const ranking = [...fitting, ...estimates.filter((e) => !fits(e)).sort(byCost)];
  const better = ranking.slice(1).find((e) => e.quality > (ranking[0]?.quality ?? 1) && e.costUsd !== null);
  return {
    ranking,
    reasonCode: 'strategy-uncalibrated',
    reason:
      fitting.length > 0
        ? `best predicted quality of ${plural(fitting.length)} expected to cost at most ${usd(limit)} each${next(ranking)}`
        : `no model is expected to cost at most ${usd(limit)}: the cheapest${next(ranking)}`,
    confidence: fitting.length > 0 ? 1 : 0,
    propensity: 1,
    ...(better === undefined
      ? {}
      : { flip: `budgetPer1k >= ${(costOf(better) * 1000).toPrecision(3)} would choose ${better.model.id}` }),
  };
}

/** `weights`: w_q·q̂ − w_c·ĉ/ĉ_ref − w_l·l̂/l̂_ref, the references being the dearest and the slowest candidate. */
function weighted(estimates: readonly Estimate[], weights: Extract<Strategy, { kind: 'weights' }>): Choice {
  const dearest = Math.max(0, ...estimates.map((e) => e.costUsd ?? 0)) || 1;
  const slowest = Math.max(0, ...estimates.map((e) => e.firstTokenMs ?? 0)) || 1;
  const score = (e: Estimate) =>
    weights.quality * e.quality -
    weights.cost * ((e.costUsd ?? dearest) / dearest) -
    weights.latency * ((e.firstTokenMs ?? 0) / slowest);
  const ranking = [...estimates].sort((a, b) => compare(score(b), score(a)) || byCost(a, b));
  const [chosen, second] = ranking;
  if (chosen === undefined) throw new RangeError('no estimates');
  return {
    ranking,
    reasonCode: 'strategy',
    reason: `highest of ${plural(ranking.length)} by ${weights.quality}·quality - ${weights.cost}·cost - ${weights.latency}·latency (${score(chosen).toFixed(3)})${next(ranking)}`,
    confidence:
      second === undefined
        ? 1
        : probabilityAbove(score(chosen) - score(second), weights.quality * Math.hypot(chosen.stderr, second.stderr)),
    propensity: 1,
    ...(second === undefined
      ? {}
      : {
          flip: `${second.model.id} would be chosen if its score rose by ${(score(chosen) - score(second)).toFixed(3)}`,
        }),
  };
}

/** The first `at` of a list moved to the front, the rest in order after it. */
function fromIndex(sorted: readonly Estimate[], at: number): Estimate[] {
  return [...sorted.slice(at), ...sorted.slice(0, at)];
}

function plain(ranking: readonly Estimate[], reasonCode: ReasonCode, reason: string, propensity = 1): Choice {
  return { ranking, reasonCode, reason: reason + next(ranking), confidence: 1, propensity };
}

function cheapest(estimates: readonly Estimate[]): Choice {
  const ranking = [...estimates].sort(byCost);
  return plain(ranking, 'strategy', `cheapest of ${plural(estimates.length)}${cost(ranking[0])}`);
}

/** The dearest of those whose price is known. */
function largest(estimates: readonly Estimate[]): Choice {
  const sorted = [...estimates].sort(byCost);
  const known = sorted.filter((e) => e.costUsd !== null).toReversed();
  const ranking = [...known, ...sorted.filter((e) => e.costUsd === null)];
  return plain(ranking, 'strategy', `dearest of ${plural(estimates.length)}${cost(ranking[0])}`);
}

function drawn(estimates: readonly Estimate[], draw: number): Choice {
  const at = Math.min(estimates.length - 1, Math.floor(draw * estimates.length));
  const ranking = fromIndex([...estimates].sort(byCost), at);
  return plain(ranking, 'random', `drawn at random from ${plural(estimates.length)}`, 1 / estimates.length);
}

/** How the estimates become a choice. Pure: the same arguments give the same ranking. Needs at least one estimate. */
export function choose(estimates: readonly Estimate[], strategy: Strategy, context: ChooseContext): Choice {
  switch (strategy.kind) {
    case 'quality-first':
      return qualityFirst(estimates);
    case 'keep-quality':
      return context.calibrated === undefined
        ? keepQuality(estimates, strategy)
        : keepByTrade(estimates, strategy, context.calibrated);
    case 'budget':
      return context.calibrated === undefined
        ? withinBudget(estimates, strategy.usdPer1k)
        : spendByTrade(estimates, context.calibrated);
    case 'weights':
      return weighted(estimates, strategy);
    case 'static': {
      const sorted = [...estimates].sort(byQuality);
      const wanted = sorted.find((e) => e.model.id === context.default);
      if (wanted === undefined)
        return plain(sorted, 'static', `the default ${context.default} is not a candidate: best predicted quality`);
      return plain([wanted, ...sorted.filter((e) => e !== wanted)], 'static', `the configured default`);
    }
    case 'cheapest':
      return cheapest(estimates);
    case 'largest':
      return largest(estimates);
    case 'random':
      return drawn(estimates, context.draw);
    case 'round-robin': {
      const byId = [...estimates].sort((a, b) => compare(a.model.id, b.model.id));
      return plain(
        fromIndex(byId, context.turn % byId.length),
        'round-robin',
        `its turn among ${plural(estimates.length)}`,
      );
    }
    default:
      return strategy satisfies never;
  }
}
