import type { FinishReason, Usage } from '../chat.ts';
import { count, isObject } from '../guards.ts';

/** What has been told of an answer's tokens so far; a later count replaces an earlier one. */
export interface Counts {
  input?: number;
  cacheRead?: number;
  cacheWrite?: number;
  output?: number;
}

/** Takes the counts of a `usage` object over: in a stream they are cumulative. */
export function takeCounts(counts: Counts, usage: unknown): void {
  if (!isObject(usage)) return;
  const input = count(usage['input_tokens']);
  const cacheRead = count(usage['cache_read_input_tokens']);
  const cacheWrite = count(usage['cache_creation_input_tokens']);
  const output = count(usage['output_tokens']);
  if (input !== undefined) counts.input = input;
  if (cacheRead !== undefined) counts.cacheRead = cacheRead;
  if (cacheWrite !== undefined) counts.cacheWrite = cacheWrite;
  if (output !== undefined) counts.output = output;
}

/** Anthropic's `input_tokens` leave out what was read from and written to cache; ours hold it. */
export function usageOf({ input, cacheRead, cacheWrite, output }: Counts): Usage | undefined {
  if (input === undefined && output === undefined) return undefined;
  return {
    input: (input ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0),
    output: output ?? 0,
    ...(cacheRead === undefined || cacheRead === 0 ? {} : { cacheRead }),
    ...(cacheWrite === undefined || cacheWrite === 0 ? {} : { cacheWrite }),
  };
}

/** Anthropic's usage object: fields for the cache only where it was used, since strict clients know no others. */
export function anthropicUsage({ input, output, cacheRead = 0, cacheWrite = 0 }: Usage) {
  return {
    input_tokens: Math.max(0, input - cacheRead - cacheWrite),
    output_tokens: output,
    ...(cacheRead === 0 ? {} : { cache_read_input_tokens: cacheRead }),
    ...(cacheWrite === 0 ? {} : { cache_creation_input_tokens: cacheWrite }),
  };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool-calls',
  refusal: 'content-filter',
};

/** Anthropic's stop reason; `pause_turn` is to be gone on with, not an end. */
export function finishOf(reason: unknown): FinishReason | undefined {
  return typeof reason === 'string' ? (FINISH[reason] ?? 'other') : undefined;
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  error: 'end_turn',
  other: 'end_turn',
};

/** A stop reason is never null in a complete answer. */
export function stopReasonOf(finish: FinishReason | undefined, stopSequence: string | undefined): string {
  return stopSequence === undefined ? STOP_REASONS[finish ?? 'stop'] : 'stop_sequence';
}
