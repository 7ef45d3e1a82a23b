import type { FinishReason, Usage } from '../chat.ts';
import { count, given, type JsonObject } from '../guards.ts';

/** The counts of a last line; `prompt_eval_count` includes what was read from cache. */
export function usageOf(body: JsonObject): Usage | undefined {
  const input = count(body['prompt_eval_count']);
  const output = count(body['eval_count']);
  if (input === undefined && output === undefined) return undefined;
  const cached = count(body['prompt_eval_cached_count']);
  return given({
    input: input ?? 0,
    output: output ?? 0,
    cacheRead: cached === undefined ? undefined : Math.min(cached, input ?? 0),
  });
}

/** Why an answer that is done ended; older versions do not say. One that called tools is `tool-calls`. */
export function finishOf(reason: unknown, calledTools: boolean): FinishReason {
  if (reason === 'length') return 'length';
  if (reason !== 'stop' && reason !== undefined && reason !== null) return 'other';
  return calledTools ? 'tool-calls' : 'stop';
}

/** Milliseconds since the request came, where somebody measured. */
export interface Timing {
  readonly total?: number;
  /** When the first output came. */
  readonly first?: number;
}

const nanoseconds = (ms: number): number => Math.round(ms * 1e6);

/** What the last line tells beside the answer. Durations are zero where nobody measured. */
export function endingFields(finish: FinishReason, usage: Usage | undefined, { total = 0, first = 0 }: Timing): object {
  return {
    done: true,
    done_reason: finish === 'length' ? 'length' : 'stop',
    total_duration: nanoseconds(total),
    load_duration: 0,
    prompt_eval_count: usage?.input,
    prompt_eval_cached_count: usage?.cacheRead,
    prompt_eval_duration: nanoseconds(first),
    eval_count: usage?.output,
    eval_duration: nanoseconds(Math.max(0, total - first)),
  };
}
