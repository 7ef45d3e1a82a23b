import type { Target } from '../decide/targets.ts';
import { attemptCost } from '../ledger/money.ts';
import type { NanoUsd } from '../ledger/record.ts';
import type { Routed } from './route.ts';

/** Output tokens that a reserve assumes when neither the caller nor the catalogue limits them. */
export const RESERVE_OUTPUT_TOKENS = 4096;

/**
 * The most that the chosen target can cost; null when its price is unknown. Where the caller marks parts for the prompt
 * cache, all of the input may be written to it, which costs most.
 */
export function reserveOf(routed: Routed, target: Target | undefined): NanoUsd | null {
  if (target === undefined) return 0n;
  const output = routed.query.maxOutput ?? target.model.maxOutput ?? RESERVE_OUTPUT_TOKENS;
  const { price } = target.upstream;
  const input = routed.query.inputTokens;
  const written =
    price?.cacheWrite !== undefined && routed.marked() ? { cacheWrite: input, cacheWriteHour: input } : {};
  return attemptCost({ input, output, ...written }, price);
}
