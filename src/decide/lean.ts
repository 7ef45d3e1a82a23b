import type { Calibration } from './calibration.ts';
import type { Calibrated, Strategy } from './decision.ts';
import { costOf, type Choice } from './ranking.ts';
import { KEEPS } from './strategy.ts';
import { percent } from './words.ts';
import type { Model } from '../catalog/model.ts';

/** A budget that is nearly spent, or spent. */
export interface Leaning {
  /** Whose, in words: `role engineer`. */
  readonly budget: string;
  /** Share of it that is spent or reserved. */
  readonly used: number;
  /** What may be spent from now on, as a share of what the strategy would spend. */
  readonly share: number;
  /** Nothing is left: the cheapest answers, whatever strategy or mode is configured. */
  readonly spent?: boolean;
}

/** Strategies that weigh quality against cost: they can weigh cost more. */
const WEIGHS: ReadonlySet<Strategy['kind']> = new Set(['quality-first', 'keep-quality', 'budget', 'weights']);

/** More than any query costs: what a strategy spends that looks at quality alone. */
const ANY_COST = 1e9;

/** Whether a strategy is a promise of quality that the configuration makes: no budget breaks it. What a caller wishes is none. */
export function declaresFloor(strategy: Strategy): boolean {
  return strategy.kind === 'keep-quality' && strategy.wish !== true && !Object.hasOwn(KEEPS, strategy.name);
}

/** What the strategy would do without the budget. */
export interface Unbound {
  readonly strategy: Strategy;
  readonly choice: Choice;
  readonly calibrated: Calibrated | undefined;
  readonly calibration: Calibration | undefined;
  readonly candidates: readonly Model[];
}

/** Mean USD that the strategy spends on a query: on past queries where that was measured, else on this one. */
function spendOf({ choice, calibrated, calibration, candidates }: Unbound): number {
  const measured = calibrated ?? calibration?.of({ kind: 'budget', usdPer1k: ANY_COST }, candidates);
  const [chosen] = choice.ranking;
  return measured?.costUsd ?? (chosen === undefined ? 0 : costOf(chosen));
}

/**
 * The strategy that spends the share of what the asked one would: a higher λ. Undefined where the asked one stays: it
 * declares a floor, does not weigh cost, or may spend what it wants.
 */
export function leaner(unbound: Unbound, { share }: Leaning): Strategy | undefined {
  const { strategy } = unbound;
  if (share >= 1 || !WEIGHS.has(strategy.kind) || declaresFloor(strategy)) return undefined;
  const spend = spendOf(unbound);
  if (share <= 0 || !Number.isFinite(spend) || spend <= 0) return { kind: 'cheapest' };
  return { kind: 'budget', usdPer1k: Number((share * spend * 1000).toPrecision(3)) };
}

/** A choice that a budget has led to. */
export function becauseOf({ budget, used, spent }: Leaning, choice: Choice): Choice {
  const standing = spent === true ? 'is spent' : `is ${percent(Math.min(1, used))} spent`;
  return { ...choice, reasonCode: 'budget', reason: `the budget of ${budget} ${standing}: ${choice.reason}` };
}
