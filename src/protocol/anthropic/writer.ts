import type { ChatEvent, FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions, EventWriter } from '../codec.ts';
import { collectAnswer } from '../collect.ts';
import { START, type Position } from '../tap.ts';
import { createBlocks, eventBytes as line } from './blocks.ts';
import { toolId } from './tool-id.ts';
import { anthropicUsage, stopReasonOf } from './usage.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Anthropic's ids begin so. */
const idOf = (id: string): string => (id.startsWith('msg_') ? id : `msg_${id}`);

/** Writes Anthropic's stream: one content block at a time, stop reason and usage in `message_delta`. */
export function writeAnthropic(options: EncoderOptions): EventWriter {
  const { resume, inputTokens } = options;
  const position: Mutable<Position> = { ...(resume ?? START) };
  let metadata: { id?: string; model?: string } = {};
  let finish: FinishReason | undefined;
  let stopSequence: string | undefined;
  let usage: Usage | undefined;
  let failed = false;

  const begin = (): Buffer[] => {
    if (position.begun) return [];
    position.begun = true;
    position.id = idOf(metadata.id ?? options.id);
    position.model = metadata.model ?? options.model;
    const { id, model } = position;
    const message = {
      id,
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: inputTokens, output_tokens: 0 },
    };
    return [line('message_start', { message })];
  };
  const blocks = createBlocks(position, begin, options.id);
  const write = (event: ChatEvent): Buffer[] => {
    switch (event.type) {
      case 'response-metadata':
        metadata = event;
        return begin();
      case 'text-delta':
        return event.delta === '' ? [] : blocks.text(event.delta);
      case 'reasoning-delta':
        return blocks.reasoning(event);
      case 'tool-call-delta':
        return blocks.call(event);
      case 'finish':
        finish = event.finishReason;
        stopSequence = event.stopSequence;
        return [];
      case 'usage':
        usage = event.usage;
        return [];
      case 'ping':
        return [line('ping', {})];
      default:
        failed = true;
        return [line('error', { error: { type: 'api_error', message: event.message } })];
    }
  };

  return {
    write(event) {
      const out = write(event);
      return out.length > 1 ? Buffer.concat(out) : out[0];
    },
    end(routing) {
      if (failed) return undefined;
      const messageDelta = {
        delta: { stop_reason: stopReasonOf(finish, stopSequence), stop_sequence: stopSequence ?? null },
        usage: anthropicUsage(usage ?? { input: inputTokens, output: 0 }),
      };
      return Buffer.concat([
        ...begin(),
        ...blocks.end(),
        line('message_delta', messageDelta),
        line('message_stop', routing === undefined ? {} : { routing }),
      ]);
    },
    get position() {
      return { ...position };
    },
  };
}

/** Arguments as an object; what is not JSON is kept as it is, under a name that says so. */
function inputOf(json: string): unknown {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? parsed : { value: parsed };
  } catch {
    return { invalid_json: json };
  }
}

/** A whole answer. */
export function writeWholeAnthropic(events: readonly ChatEvent[], options: EncoderOptions): Uint8Array {
  const { metadata, text, reasoningParts, toolCalls, finishReason, stopSequence, usage } = collectAnswer(events);
  const content = [
    ...reasoningParts.flatMap((part): object[] => {
      if (part.redacted !== undefined) return [{ type: 'redacted_thinking', data: part.redacted }];
      return part.text === '' && part.signature === undefined
        ? []
        : [{ type: 'thinking', thinking: part.text, signature: part.signature ?? '' }];
    }),
    ...(text === '' ? [] : [{ type: 'text', text }]),
    ...toolCalls.map(({ toolCallId, toolName, input }, i) => ({
      type: 'tool_use',
      id: toolId(toolCallId ?? `toolu_${options.id}_${i}`),
      name: toolName,
      input: inputOf(input),
    })),
  ];
  return Buffer.from(
    JSON.stringify({
      id: idOf(metadata.id ?? options.id),
      type: 'message',
      role: 'assistant',
      model: metadata.model ?? options.model,
      content,
      stop_reason: stopReasonOf(finishReason, stopSequence),
      stop_sequence: stopSequence ?? null,
      usage: anthropicUsage(usage ?? { input: options.inputTokens, output: 0 }),
    }),
  );
}
