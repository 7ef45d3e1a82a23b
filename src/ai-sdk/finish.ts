import type {
  LanguageModelV3FinishReason,
  LanguageModelV3Usage,
  SharedV3ProviderMetadata,
  SharedV3Warning,
} from '@ai-sdk/provider';
import type { FinishReason, Usage } from '../protocol/chat.ts';
import type { Reply } from '../reply.ts';

/** The AI SDK's counts; undefined where nobody told. */
export function usageOf(usage: Usage | undefined): LanguageModelV3Usage {
  if (usage === undefined) {
    return {
      inputTokens: { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined },
    };
  }
  const { input, output, cacheRead, cacheWrite, reasoning } = usage;
  return {
    inputTokens: { total: input, noCache: input - (cacheRead ?? 0) - (cacheWrite ?? 0), cacheRead, cacheWrite },
    outputTokens: { total: output, text: reasoning === undefined ? undefined : output - reasoning, reasoning },
  };
}

/** Reasons have the AI SDK's names; what the provider called them is not kept. */
export function finishOf(reason: FinishReason): LanguageModelV3FinishReason {
  return { unified: reason, raw: reason };
}

/** What `providerMetadata.signalbox` says of a reply. */
export function metadataOf({ decision, model, provider, costUsd }: Reply): SharedV3ProviderMetadata {
  return { signalbox: { decisionId: decision.id, model, provider, reason: decision.reason, costUsd } };
}

const DROPPED = 'dropped:';

/** Warnings of a reply: what the provider's dialect cannot say is a feature that the model does not have. */
export function warningsOf(warnings: readonly string[]): SharedV3Warning[] {
  return warnings.map((warning) =>
    warning.startsWith(DROPPED)
      ? { type: 'unsupported', feature: warning.slice(DROPPED.length) }
      : { type: 'other', message: warning },
  );
}
