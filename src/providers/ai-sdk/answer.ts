import type {
  LanguageModelV3Content,
  LanguageModelV3FinishReason,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3Usage,
} from '@ai-sdk/provider';
import type { ChatEvent } from '../../protocol/chat.ts';
import { count, given } from '../../protocol/guards.ts';
import { UpstreamFailure } from '../provider.ts';

function usageEvents({ inputTokens, outputTokens }: LanguageModelV3Usage): ChatEvent[] {
  const input = count(inputTokens.total);
  const output = count(outputTokens.total);
  if (input === undefined && output === undefined) return [];
  const cacheRead = count(inputTokens.cacheRead);
  const cacheWrite = count(inputTokens.cacheWrite);
  const reasoning = count(outputTokens.reasoning);
  return [
    {
      type: 'usage',
      usage: { input: input ?? 0, output: output ?? 0, ...given({ cacheRead, cacheWrite, reasoning }) },
    },
  ];
}

/** A provider that ends by an error has given no answer. */
function finishEvent({ unified, raw }: LanguageModelV3FinishReason): ChatEvent {
  if (unified === 'error') throw new UpstreamFailure('sick', `the provider ended its answer by ${raw ?? 'an error'}`);
  return { type: 'finish', finishReason: unified };
}

function metadataEvent(told: {
  readonly id?: string;
  readonly modelId?: string;
  readonly timestamp?: Date;
}): ChatEvent {
  const ms = told.timestamp?.getTime();
  const createdAt = ms === undefined || Number.isNaN(ms) ? undefined : Math.floor(ms / 1000);
  return { type: 'response-metadata', ...given({ id: told.id, model: told.modelId, createdAt }) };
}

function contentEvents(content: readonly LanguageModelV3Content[]): ChatEvent[] {
  let index = 0;
  return content.flatMap((part): ChatEvent[] => {
    if (part.type === 'text') return [{ type: 'text-delta', delta: part.text }];
    if (part.type === 'reasoning') return [{ type: 'reasoning-delta', delta: part.text }];
    // What the provider ran itself is over; files and sources have no place in chat completions.
    if (part.type !== 'tool-call' || part.providerExecuted === true) return [];
    const { toolCallId, toolName, input } = part;
    return [{ type: 'tool-call-delta', index: index++, toolCallId, toolName, delta: input }];
  });
}

/** The events of a whole answer. Throws UpstreamFailure for one that ended by an error. */
export function resultEvents(result: LanguageModelV3GenerateResult): ChatEvent[] {
  return [
    metadataEvent(result.response ?? {}),
    ...contentEvents(result.content),
    finishEvent(result.finishReason),
    ...usageEvents(result.usage),
  ];
}

/** Reads the parts of one streamed answer; an error part is the caller's to look at. */
export function createPartReader(): (part: LanguageModelV3StreamPart) => ChatEvent[] {
  const calls = new Map<string, { readonly index: number; begun: boolean }>();
  const callDelta = (toolCallId: string, delta: string, toolName?: string): ChatEvent[] => {
    const known = calls.get(toolCallId);
    if (known === undefined && toolName === undefined) return [];
    const call = known ?? { index: calls.size, begun: false };
    calls.set(toolCallId, call);
    if (delta !== '') call.begun = true;
    const { index } = call;
    const named = known === undefined ? { toolCallId, toolName: toolName ?? '' } : {};
    return [{ type: 'tool-call-delta', index, ...named, delta }];
  };
  return (part) => {
    switch (part.type) {
      case 'response-metadata':
        return [metadataEvent(part)];
      case 'text-delta':
      case 'reasoning-delta':
        return part.delta === '' ? [] : [{ type: part.type, delta: part.delta }];
      case 'tool-input-start':
        return part.providerExecuted === true ? [] : callDelta(part.id, '', part.toolName);
      case 'tool-input-delta':
        return callDelta(part.id, part.delta);
      case 'tool-call':
        // Its input was told in deltas, unless the provider gives calls at once only.
        return part.providerExecuted === true || calls.get(part.toolCallId)?.begun === true
          ? []
          : callDelta(part.toolCallId, part.input, part.toolName);
      case 'finish': {
        const { unified, raw } = part.finishReason;
        // Packages end a stream that was cut so: nobody said why it ended.
        if (unified === 'other' && raw === undefined)
          throw new UpstreamFailure('sick', 'the stream ended before its finish');
        return [finishEvent(part.finishReason), ...usageEvents(part.usage)];
      }
      default:
        return [];
    }
  };
}
