import type { FinishReason, Usage } from '../chat.ts';
import { count, given, isObject, type JsonObject } from '../guards.ts';

/** Tokens of sound and of images, parts of a count that is in `details`; none says nothing. */
function mediaOf(details: JsonObject, all = 0): { readonly audio?: number; readonly image?: number } {
  const told = (value: unknown) => Math.min(count(value) ?? 0, all) || undefined;
  return given({ audio: told(details['audio_tokens']), image: told(details['image_tokens']) });
}

/**
 * OpenAI's usage object; also DeepSeek's `prompt_cache_hit_tokens`, and the tokens written to cache as OpenRouter
 * (`cache_write_tokens`) and LiteLLM (`cache_creation_tokens`) tell them. `prompt_tokens` includes both kinds.
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
  const cacheWrite = count(prompt['cache_write_tokens']) ?? count(prompt['cache_creation_tokens']);
  const reasoning = count(completion['reasoning_tokens']);
  const heard = mediaOf(prompt, input);
  const made = mediaOf(completion, output);
  return {
    input: input ?? 0,
    output: output ?? 0,
    ...(cacheRead === undefined ? {} : { cacheRead: Math.min(cacheRead, input ?? 0) }),
    ...(cacheWrite === undefined ? {} : { cacheWrite: Math.min(cacheWrite, input ?? 0) }),
    ...(reasoning === undefined ? {} : { reasoning: Math.min(reasoning, output ?? 0) }),
    ...given({ audioInput: heard.audio, imageInput: heard.image, audioOutput: made.audio, imageOutput: made.image }),
  };
}

/** A usage in OpenAI's words, and OpenRouter's for tokens written to cache. */
export function openaiUsage({ input, output, cacheRead, cacheWrite, reasoning }: Usage): object {
  const prompt = {
    cached_tokens: cacheRead ?? 0,
    ...(cacheWrite === undefined ? {} : { cache_write_tokens: cacheWrite }),
  };
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    ...(cacheRead === undefined && cacheWrite === undefined ? {} : { prompt_tokens_details: prompt }),
    ...(reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

const FINISH: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  tool_calls: 'tool-calls',
  function_call: 'tool-calls',
  content_filter: 'content-filter',
};

/** OpenAI's finish reason; one that called tools is `tool-calls` whatever the upstream said. */
export function finishOf(value: unknown, calledTools: boolean): FinishReason | undefined {
  // Some hosts say an empty reason with every chunk.
  if (typeof value !== 'string' || value === '' || value === 'null') return undefined;
  const reason = FINISH[value] ?? 'other';
  return calledTools && reason === 'stop' ? 'tool-calls' : reason;
}
