import type { LanguageModelV3CallOptions } from '@ai-sdk/provider';
import type { ChatRequest } from '../../protocol/chat.ts';
import { given, isObject } from '../../protocol/guards.ts';
import { promptOf, toolChoiceOf, toolsOf, type Recall } from './prompt.ts';
import { vendorOptions } from './vendor-options.ts';

function formatOf({ schema, name }: NonNullable<ChatRequest['responseFormat']>) {
  return { type: 'json' as const, ...(isObject(schema) ? { schema } : {}), ...given({ name }) };
}

/** A request as the AI SDK calls a model. `provider` is the model's own word for where it comes from. */
export function callOptions(chat: ChatRequest, provider: string, recall: Recall): LanguageModelV3CallOptions {
  return {
    prompt: promptOf(chat.messages, recall),
    ...given({
      tools: chat.tools === undefined ? undefined : toolsOf(chat.tools),
      toolChoice: toolChoiceOf(chat.toolChoice),
      maxOutputTokens: chat.maxOutputTokens,
      temperature: chat.temperature,
      topP: chat.topP,
      topK: chat.topK,
      presencePenalty: chat.presencePenalty,
      frequencyPenalty: chat.frequencyPenalty,
      stopSequences: chat.stop === undefined ? undefined : [...chat.stop],
      seed: chat.seed,
      providerOptions: vendorOptions(chat, provider),
    }),
    ...(chat.responseFormat === undefined ? {} : { responseFormat: formatOf(chat.responseFormat) }),
  };
}
