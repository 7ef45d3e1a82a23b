import type { Estimate, ReasonCode } from './decision.ts';
import { times } from './words.ts';

/** A choice and why: the ranking, best first; the first is chosen. */
export interface Choice {
  readonly ranking: readonly Estimate[];
  readonly reasonCode: ReasonCode;
  readonly reason: string;
  readonly confidence: number;
  readonly propensity: number;
  readonly flip?: string | undefined;
}

/** Unknown cost sorts as the dearest. */
export function costOf(estimate: Estimate): number {
  return estimate.costUsd ?? Number.POSITIVE_INFINITY;
}

/** Ascending; equal values, infinite ones too, are 0. */
export function compare<T extends number | string>(a: T, b: T): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Cheaper first, then by id: how every tie is broken. */
export function byCost(a: Estimate, b: Estimate): number {
  return compare(costOf(a), costOf(b)) || compare(a.model.id, b.model.id);
}

/** Better first, then {@link byCost}. */
export function byQuality(a: Estimate, b: Estimate): number {
  return compare(b.quality, a.quality) || byCost(a, b);
}

/** `; next: fast at 4× the price` */
export function next(ranking: readonly Estimate[]): string {
  const [first, second] = ranking;
  if (first === undefined || second === undefined) return '';
  return `; next: ${second.model.id}${times(costOf(second), costOf(first))}`;
}
