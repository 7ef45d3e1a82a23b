import type { Model } from '../catalog/model.ts';
import type { Target } from '../decide/targets.ts';
import { attemptCost } from '../ledger/money.ts';
import type { NanoUsd } from '../ledger/record.ts';
import type { Routed } from './route.ts';

/** Output tokens that a reserve assumes when neither the caller nor the catalogue limits them. */
const RESERVE_OUTPUT_TOKENS = 4096;

/** The most tokens that a model may write: a limit beyond its own means nothing, and of several answers each may reach it. */
export function mostOutput(
  { query }: Pick<Routed, 'query'>,
  model: Pick<Model, 'maxOutput' | 'contextWindow'> | undefined,
): number {
  const { maxOutput = model?.maxOutput ?? RESERVE_OUTPUT_TOKENS, answers = 1 } = query;
  const limit = model?.maxOutput ?? model?.contextWindow ?? Number.POSITIVE_INFINITY;
  return Math.min(maxOutput, limit) * Math.max(1, answers);
}

/**
 * The most that the chosen target can cost; null when its price is unknown. Where the caller marks parts for the prompt
 * cache, all of the input may be written to it, which costs most.
 */
export function reserveOf(routed: Routed, target: Target | undefined): NanoUsd | null {
  if (target === undefined) return 0n;
  const output = mostOutput(routed, target.model);
  const { price } = target.upstream;
  const input = routed.query.inputTokens;
  const written =
    price?.cacheWrite !== undefined && routed.marked() ? { cacheWrite: input, cacheWriteHour: input } : {};
  return attemptCost({ input, output, ...written }, price);
}
