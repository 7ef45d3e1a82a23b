import type { SharedV3ProviderOptions } from '@ai-sdk/provider';
import type { ChatRequest, ReasoningEffort } from '../../protocol/chat.ts';
import { given } from '../../protocol/guards.ts';

type Options = SharedV3ProviderOptions[string];

/** Tokens of thinking, for vendors that want a number. */
const BUDGETS: Readonly<Record<ReasoningEffort, number>> = {
  none: 0,
  minimal: 1024,
  low: 4096,
  medium: 8192,
  high: 16_384,
  xhigh: 24_576,
  max: 24_576,
};

function budgetOf({ reasoning }: ChatRequest): number | undefined {
  return reasoning?.budgetTokens ?? (reasoning?.effort === undefined ? undefined : BUDGETS[reasoning.effort]);
}

function anthropic(request: ChatRequest): Options {
  const budget = budgetOf(request);
  // Thinking on a turn that goes on with tools needs the thoughts before it, which chat completions cannot carry.
  const thinks = budget !== undefined && budget > 0 && request.messages.at(-1)?.role === 'user';
  return given({
    thinking: thinks ? { type: 'enabled', budgetTokens: budget } : undefined,
    disableParallelToolUse: request.parallelToolCalls === false ? true : undefined,
  });
}

function google(request: ChatRequest): Options {
  const thinkingBudget = budgetOf(request);
  return given({ thinkingConfig: thinkingBudget === undefined ? undefined : { thinkingBudget } });
}

const OPENAI_EFFORTS: Readonly<Record<string, string>> = { max: 'xhigh' };
const COMMON_EFFORTS: Readonly<Record<string, string>> = { minimal: 'low', xhigh: 'high', max: 'high' };

const likeOpenAI =
  (efforts: Readonly<Record<string, string>>) =>
  ({ reasoning, parallelToolCalls, user }: ChatRequest): Options => {
    const effort = reasoning?.effort;
    return given({
      reasoningEffort: effort === undefined ? undefined : (efforts[effort] ?? effort),
      parallelToolCalls,
      user,
    });
  };

const VENDORS: Readonly<Record<string, (request: ChatRequest) => Options>> = {
  anthropic,
  google,
  vertex: google,
  openai: likeOpenAI(OPENAI_EFFORTS),
  azure: likeOpenAI(OPENAI_EFFORTS),
};

/**
 * What the AI SDK's interface leaves to its vendors: reasoning, parallel calls, the end user. `provider` is the model's
 * own word for where it comes from, such as `openai.responses`.
 */
export function vendorOptions(request: ChatRequest, provider: string): SharedV3ProviderOptions | undefined {
  const [vendor = provider] = provider.split('.');
  const options = (VENDORS[vendor] ?? likeOpenAI(COMMON_EFFORTS))(request);
  return Object.keys(options).length === 0 ? undefined : { [vendor]: options };
}
