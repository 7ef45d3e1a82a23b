import type { FinishReason, Usage } from '../chat.ts';
import { count, isObject, text, type JsonObject } from '../guards.ts';

/** OpenAI's usage of a response; `input_tokens` includes the cache. Undefined when it holds no sensible counts. */
export function usageOf(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = count(value['input_tokens']);
  const output = count(value['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const read = isObject(value['input_tokens_details']) ? value['input_tokens_details'] : {};
  const written = isObject(value['output_tokens_details']) ? value['output_tokens_details'] : {};
  const cacheRead = count(read['cached_tokens']);
  const cacheWrite = count(read['cache_write_tokens']);
  const reasoning = count(written['reasoning_tokens']);
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead === undefined ? {} : { cacheRead: Math.min(cacheRead, input ?? 0) }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: Math.min(cacheWrite, input ?? 0) }),
    ...(reasoning === undefined ? {} : { reasoning: Math.min(reasoning, output ?? 0) }),
  };
}

/** The counts as OpenAI tells them: none of its fields may be missing. */
export function usageFields({ input, output, cacheRead = 0, cacheWrite = 0, reasoning = 0 }: Usage): object {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

/** What a response that is over holds, for its finish reason. */
export interface Outcome {
  readonly calls: boolean;
  readonly refused: boolean;
}

/** Why a response ended; undefined while it has not. Hosts that tell no status tell whole answers only. */
export function finishOf(response: JsonObject, { calls, refused }: Outcome): FinishReason | undefined {
  const status = text(response['status']) ?? 'completed';
  if (status === 'completed') return calls ? 'tool-calls' : refused ? 'content-filter' : 'stop';
  if (status !== 'incomplete') return undefined;
  const details = response['incomplete_details'];
  const reason = isObject(details) ? details['reason'] : undefined;
  const limited = reason === 'max_output_tokens' || reason === 'max_tokens';
  // Whatever stopped it, an incomplete answer must not look like a complete one.
  return !limited && (reason === 'content_filter' || refused) ? 'content-filter' : 'length';
}
