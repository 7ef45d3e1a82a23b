import type { ChatEvent } from '../chat.ts';
import type { EncoderOptions } from '../codec.ts';
import { collectAnswer, type CollectedReasoning } from '../collect.ts';
import { toolId } from './tool-id.ts';
import { toolInput } from './tool-input.ts';
import { UNSIGNED } from './unsigned.ts';
import { anthropicUsage, messageId, stopReasonOf } from './usage.ts';

function thoughtBlock({ text, signature, redacted }: CollectedReasoning): object[] {
  if (redacted !== undefined) return [{ type: 'redacted_thinking', data: redacted }];
  if (text === '' && signature === undefined) return [];
  return [{ type: 'thinking', thinking: text, signature: signature ?? UNSIGNED }];
}

/** A whole answer: at most one block of text, and never no block. */
export function writeWholeAnthropic(events: readonly ChatEvent[], options: EncoderOptions): Uint8Array {
  const { metadata, text, reasoningParts, toolCalls, finishReason, stopSequence, usage } = collectAnswer(events);
  const content = [
    ...(options.reasoning === false ? [] : reasoningParts.flatMap(thoughtBlock)),
    ...(text === '' && toolCalls.length > 0 ? [] : [{ type: 'text', text }]),
    ...toolCalls.map(({ toolCallId = '', toolName, input }, i) => ({
      type: 'tool_use',
      id: toolId(toolCallId === '' ? `toolu_${options.id}_${i}` : toolCallId),
      name: toolName,
      input: toolInput(input),
    })),
  ];
  return Buffer.from(
    JSON.stringify({
      id: messageId(metadata.id ?? options.id),
      type: 'message',
      role: 'assistant',
      model: metadata.model ?? options.model,
      content,
      stop_reason: stopReasonOf(finishReason, stopSequence, toolCalls.length > 0),
      stop_sequence: stopSequence ?? null,
      usage: anthropicUsage(usage ?? { input: options.inputTokens, output: 0 }),
    }),
  );
}
