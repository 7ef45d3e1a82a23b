import type { Calibrated, Estimate, Strategy } from './decision.ts';
import { probabilityAbove } from './normal.ts';
import { byCost, byQuality, compare, costOf, next, type Choice } from './ranking.ts';
import { grouped, percent, usd } from './words.ts';

/** q̂ − λ·ĉ, or −ĉ for λ = ∞; a cost that nobody knows is worth nothing. */
function valueOf(estimate: Estimate, lambda: number | null): number {
  if (estimate.costUsd === null) return Number.NEGATIVE_INFINITY;
  return lambda === null ? -estimate.costUsd : estimate.quality - lambda * estimate.costUsd;
}

/**
 * By value; ties: the cheaper, then the better, then the id. What was not measured and does not meet the target by itself
 * comes last: nobody has seen what it does to the mean.
 */
function rank(estimates: readonly Estimate[], calibrated: Calibrated, meets: (e: Estimate) => boolean): Estimate[] {
  const { lambda, unmeasured = [], fallback } = calibrated;
  const late = (e: Estimate) => unmeasured.includes(e.model.id) && !meets(e);
  const ranking = estimates
    .filter((e) => !late(e))
    .sort(
      (a, b) =>
        compare(valueOf(b, lambda), valueOf(a, lambda)) ||
        compare(costOf(a), costOf(b)) ||
        compare(b.quality, a.quality) ||
        byCost(a, b),
    );
  ranking.push(...estimates.filter(late).sort(byQuality));
  const called = ranking.findIndex((e) => e.model.id === fallback);
  if (called > 0) ranking.unshift(...ranking.splice(called, 1));
  return ranking;
}

/** What would make the second the first: a better prediction, else a lower price. */
function flipOf([chosen, second]: readonly Estimate[], { lambda, fallback }: Calibrated): Pick<Choice, 'flip'> {
  if (chosen === undefined || second === undefined || fallback !== undefined) return {};
  if (chosen.costUsd === null || second.costUsd === null) return {};
  const name = second.model.id;
  if (lambda === null) return { flip: `${name} would be chosen if it cost less than ${usd(chosen.costUsd)}` };
  const value = valueOf(chosen, lambda);
  const quality = value + lambda * second.costUsd;
  if (quality <= 1) {
    return {
      flip: `${name} would be chosen if its predicted quality were above ${percent(quality)} (now ${percent(second.quality)})`,
    };
  }
  const cost = (second.quality - value) / lambda;
  return cost > 0
    ? { flip: `${name} would be chosen if it cost less than ${usd(cost)} (now ${usd(second.costUsd)})` }
    : {};
}

function measured({ rows }: Calibrated): string {
  return rows === 1 ? 'measured on 1 past query' : `measured on ${grouped(rows)} past queries`;
}

function keepReason({ lambda, fallback, reference, ...rest }: Calibrated, keep: number): string {
  const what = `${percent(keep)} of ${reference ?? 'the best'}'s quality, ${measured({ lambda, ...rest })}`;
  if (fallback !== undefined) return `no trade keeps ${what}: ${fallback} itself`;
  return lambda === null ? `the cheapest keeps ${what}` : `best trade at ${what}`;
}

/** `keepQuality` with a measured λ: argmax q̂ − λ·ĉ, or the model that keeps its own quality where no λ keeps it. */
export function keepByTrade(
  estimates: readonly Estimate[],
  { keep }: Extract<Strategy, { kind: 'keep-quality' }>,
  calibrated: Calibrated,
): Choice {
  const { reference: name, target } = calibrated;
  const ranking = rank(estimates, calibrated, (e) => e.quality >= target);
  const [chosen] = ranking;
  if (chosen === undefined) throw new RangeError('no estimates');
  const reference = estimates.find((e) => e.model.id === name);
  const [least, spread] = reference === undefined ? [target, 0] : [keep * reference.quality, keep * reference.stderr];
  return {
    ranking,
    reasonCode: 'strategy',
    reason: `${keepReason(calibrated, keep)}${next(ranking)}`,
    confidence: chosen === reference ? 1 : probabilityAbove(chosen.quality - least, Math.hypot(chosen.stderr, spread)),
    propensity: 1,
    ...flipOf(ranking, calibrated),
  };
}

/** `budgetPer1k` with a measured λ: argmax q̂ − λ·ĉ, which spends the mean over many queries, not on each. */
export function spendByTrade(estimates: readonly Estimate[], calibrated: Calibrated): Choice {
  const { met, target } = calibrated;
  const ranking = rank(estimates, calibrated, (e) => costOf(e) <= target);
  const what = `a mean of ${usd(target)} a query, ${measured(calibrated)}`;
  return {
    ranking,
    reasonCode: 'strategy',
    reason: `${met ? `best trade for ${what}` : `no trade reaches ${what}: the cheapest`}${next(ranking)}`,
    confidence: met ? 1 : 0,
    propensity: 1,
    ...flipOf(ranking, calibrated),
  };
}
