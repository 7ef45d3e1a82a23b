import type { Model, Price } from '../catalog/model.ts';
import { ratesFor } from '../catalog/rates.ts';
import type { Query } from '../query/query.ts';
import type { Prediction } from '../routers/router.ts';
import type { Estimate } from './decision.ts';

/** Expected output tokens while nothing has been learnt about a model's answers. */
export const DEFAULT_OUTPUT_TOKENS = 300;

/** Input tokens that one model is expected to read from its prompt cache, because the session's last turn went there. */
export interface CachedPrefix {
  readonly model: string;
  readonly tokens: number;
}

/** Expected cost in USD of one call at the tier of its input; `cachedTokens` is the part of it read from cache. */
export function expectedCost(price: Price, inputTokens: number, outputTokens: number, cachedTokens = 0): number {
  const rates = ratesFor(price, inputTokens);
  const cached = Math.min(cachedTokens, inputTokens);
  const input = (inputTokens - cached) * rates.input + cached * (rates.cacheRead ?? rates.input);
  return (input + outputTokens * rates.output) / 1e6 + (price.request ?? 0);
}

/** Output tokens to expect: what was learnt, else the default (NaN = nothing learnt), within the model's and the caller's limit. */
export function expectedOutputTokens(
  { maxOutput = Number.POSITIVE_INFINITY }: Pick<Model, 'maxOutput'>,
  learnt = Number.NaN,
  limit = Number.POSITIVE_INFINITY,
): number {
  return Math.min(Number.isNaN(learnt) ? DEFAULT_OUTPUT_TOKENS : learnt, limit, maxOutput);
}

/**
 * What each model is expected to do: the router's prediction, and cost and latency of its first upstream. `outputTokens`
 * are the learnt lengths of the models' answers, in their order; NaN = nothing learnt.
 */
export function estimateAll(
  query: Query,
  models: readonly Model[],
  predictions: readonly Prediction[],
  cached: CachedPrefix | undefined,
  firstTokenMs: (upstream: string) => number | undefined,
  outputTokens?: ArrayLike<number>,
): Estimate[] {
  return models.map((model, i) => {
    const prediction = predictions[i] ?? { quality: 0, stderr: 1 };
    const upstream = model.upstreams[0];
    const output = expectedOutputTokens(model, outputTokens?.[i], query.maxOutput);
    const price = upstream?.price ?? null;
    return {
      model,
      quality: prediction.quality,
      stderr: prediction.stderr,
      costUsd:
        price === null
          ? null
          : expectedCost(price, query.inputTokens, output, cached?.model === model.id ? cached.tokens : 0),
      firstTokenMs: upstream === undefined ? undefined : firstTokenMs(upstream.id),
      outputTokens: output,
    };
  });
}
