import type { FinishReason, Usage } from '../chat.ts';
import { count, isObject } from '../guards.ts';

/**
 * OpenAI's usage object; also DeepSeek's `prompt_cache_hit_tokens`. `prompt_tokens` includes what was read from cache.
 * Undefined when it holds no sensible counts.
 */
export function usageOf(value: unknown): Usage | undefined {
  if (!isObject(value)) return undefined;
  const input = count(value['prompt_tokens']);
  const output = count(value['completion_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const prompt = isObject(value['prompt_tokens_details']) ? value['prompt_tokens_details'] : {};
  const completion = isObject(value['completion_tokens_details']) ? value['completion_tokens_details'] : {};
  const cacheRead = count(prompt['cached_tokens']) ?? count(value['prompt_cache_hit_tokens']);
  const reasoning = count(completion['reasoning_tokens']);
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead === undefined ? {} : { cacheRead: Math.min(cacheRead, input ?? 0) }),
    ...(reasoning === undefined ? {} : { reasoning: Math.min(reasoning, output ?? 0) }),
  };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
  error: 'error',
};

/** OpenAI's finish reason; one that called tools is `tool-calls` whatever the upstream said. */
export function finishOf(value: unknown, calledTools: boolean): FinishReason | undefined {
  // Some hosts say an empty reason with every chunk.
  if (typeof value !== 'string' || value === '' || value === 'null') return undefined;
  const reason = FINISH[value] ?? 'other';
  return calledTools && reason === 'stop' ? 'tool-calls' : reason;
}
