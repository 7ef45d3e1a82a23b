import type { FinishReason, Usage } from '../chat.ts';
import { count, given, isObject, type JsonObject } from '../guards.ts';

/** What has been told of an answer's tokens so far; a later count replaces an earlier one. */
export interface Counts {
  input?: number;
  cacheRead?: number;
  cacheWrite?: number;
  cacheWriteHour?: number;
  output?: number;
  reasoning?: number;
  webSearches?: number;
}

/** Tokens written to the cache, which some hosts tell by lifetime only. */
function cacheWritesOf(usage: JsonObject): Pick<Counts, 'cacheWrite' | 'cacheWriteHour'> {
  const all = count(usage['cache_creation_input_tokens']);
  const parts = usage['cache_creation'];
  if (!isObject(parts)) return given({ cacheWrite: all });
  const short = count(parts['ephemeral_5m_input_tokens']) ?? 0;
  const long = count(parts['ephemeral_1h_input_tokens']) ?? 0;
  return { cacheWrite: all ?? short + long, cacheWriteHour: long };
}

/** Takes the counts of a `usage` object over: in a stream they are cumulative. */
export function takeCounts(counts: Counts, usage: unknown): void {
  if (!isObject(usage)) return;
  const details = usage['output_tokens_details'];
  const input = count(usage['input_tokens']);
  const cacheRead = count(usage['cache_read_input_tokens']);
  const output = count(usage['output_tokens']);
  const reasoning = isObject(details) ? count(details['thinking_tokens']) : undefined;
  const tools = usage['server_tool_use'];
  const webSearches = isObject(tools) ? count(tools['web_search_requests']) : undefined;
  if (input !== undefined) counts.input = input;
  if (cacheRead !== undefined) counts.cacheRead = cacheRead;
  Object.assign(counts, cacheWritesOf(usage));
  if (output !== undefined) counts.output = output;
  if (reasoning !== undefined) counts.reasoning = reasoning;
  if (webSearches !== undefined) counts.webSearches = webSearches;
}

/** Anthropic's `input_tokens` leave out what was read from and written to cache; ours hold it. */
export function usageOf(counts: Counts): Usage | undefined {
  const { input, cacheRead = 0, cacheWrite = 0, cacheWriteHour = 0, output, reasoning = 0, webSearches = 0 } = counts;
  if (input === undefined && output === undefined) return undefined;
  return {
    input: (input ?? 0) + cacheRead + cacheWrite,
    output: output ?? 0,
    ...(cacheRead === 0 ? {} : { cacheRead }),
    ...(cacheWrite === 0 ? {} : { cacheWrite }),
    ...(cacheWriteHour === 0 ? {} : { cacheWriteHour: Math.min(cacheWriteHour, cacheWrite) }),
    ...(reasoning === 0 ? {} : { reasoning: Math.min(reasoning, output ?? 0) }),
    ...(webSearches === 0 ? {} : { webSearches }),
  };
}

/** Anthropic's usage object: fields beside the two counts only where they say something, since strict clients know no others. */
export function anthropicUsage(usage: Usage) {
  const { input, output, cacheRead = 0, cacheWrite = 0, cacheWriteHour: hour = 0, reasoning = 0 } = usage;
  const lifetimes = { ephemeral_5m_input_tokens: cacheWrite - hour, ephemeral_1h_input_tokens: hour };
  return {
    input_tokens: Math.max(0, input - cacheRead - cacheWrite),
    output_tokens: output,
    ...(cacheRead === 0 ? {} : { cache_read_input_tokens: cacheRead }),
    ...(cacheWrite === 0 ? {} : { cache_creation_input_tokens: cacheWrite }),
    ...(hour === 0 ? {} : { cache_creation: lifetimes }),
    ...(reasoning === 0 || output === 0 ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
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

/**
 * Anthropic's stop reason; `pause_turn` is to be gone on with, not an end. Of an answer that called tools the end is
 * `tool-calls`, whatever the host said.
 */
export function finishOf(reason: unknown, calledTools: boolean): FinishReason | undefined {
  if (typeof reason !== 'string') return undefined;
  const finish = FINISH[reason] ?? 'other';
  return calledTools && finish === 'stop' ? 'tool-calls' : finish;
}

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'tool-calls': 'tool_use',
  'content-filter': 'refusal',
  error: 'end_turn',
  other: 'end_turn',
};

/** A stop reason is never null in a complete answer, and tells of tools that were called. */
export function stopReasonOf(
  finish: FinishReason = 'stop',
  stopSequence: string | undefined,
  calledTools: boolean,
): string {
  if (finish === 'stop' && calledTools) return 'tool_use';
  return finish === 'stop' && stopSequence !== undefined ? 'stop_sequence' : STOP_REASONS[finish];
}

/** Ids of messages begin so. */
export const messageId = (id: string): string => (id.startsWith('msg_') ? id : `msg_${id}`);
