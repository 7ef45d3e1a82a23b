import type { ChatEvent } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { metadataEvent } from '../metadata.ts';
import { createRecordReader } from '../record-reader.ts';
import { sayMore, START, type Position } from '../tap.ts';
import { blockEvents, thoughtEvents } from './block-events.ts';
import { errorEventOf } from './error.ts';
import { signatureOf } from './unsigned.ts';
import { finishOf, takeCounts, usageOf, type Counts } from './usage.ts';
import type { Mutable } from '../mutable.ts';

/** Who answers. */
export function metadataOf({ id, model }: JsonObject) {
  return metadataEvent({ id: text(id), model: text(model) });
}

/** How an answer ends, once that is said. */
export function finishEvent(said: JsonObject, calledTools: boolean): ChatEvent | undefined {
  const finishReason = finishOf(said['stop_reason'], calledTools);
  if (finishReason === undefined) return undefined;
  const stopSequence = text(said['stop_sequence']);
  return { type: 'finish', finishReason, ...(stopSequence === undefined ? {} : { stopSequence }) };
}

const KINDS: Readonly<Record<string, Position['open']>> = {
  text: 'text',
  thinking: 'reasoning',
  redacted_thinking: 'reasoning',
};

/** Reads content blocks, and keeps `position` up to date. */
function createBlockReader(position: Mutable<Position>) {
  /** The neutral index of each tool block. */
  const calls = new Map<number, number>();
  const noted = (events: ChatEvent[]): ChatEvent[] => {
    for (const event of events) {
      if (event.type === 'text-delta') position.said = sayMore(position.said, event.delta);
    }
    return events;
  };
  return {
    start(index: number, block: JsonObject): ChatEvent[] {
      position.blocks = Math.max(position.blocks, index + 1);
      // Nobody can go on with half a block of a server's tool either.
      position.open = KINDS[text(block['type']) ?? ''] ?? 'tool-call';
      const call = calls.size;
      if (block['type'] === 'tool_use') {
        calls.set(index, call);
        position.toolCalls = calls.size;
      }
      return noted(blockEvents(block, call));
    },
    delta(index: number, delta: JsonObject): ChatEvent[] {
      switch (delta['type']) {
        case 'text_delta':
          return noted(blockEvents({ type: 'text', text: delta['text'] }, 0));
        case 'thinking_delta':
          return thoughtEvents(text(delta['thinking']));
        case 'signature_delta':
          return thoughtEvents('', signatureOf(delta['signature']));
        case 'input_json_delta': {
          const call = calls.get(index);
          const piece = text(delta['partial_json']) ?? '';
          return call === undefined || piece === '' ? [] : [{ type: 'tool-call-delta', index: call, delta: piece }];
        }
        default:
          return [];
      }
    },
    stop(): void {
      delete position.open;
    },
  };
}

/** Reads the events of one streamed answer. */
export function readAnthropic(): EventReader {
  const position: Mutable<Position> = { ...START };
  const counts: Counts = {};
  const blocks = createBlockReader(position);
  let finished = false;
  let done = false;

  const usage = (told: unknown): ChatEvent[] => {
    takeCounts(counts, told);
    const total = usageOf(counts);
    return total === undefined ? [] : [{ type: 'usage', usage: finished ? total : { ...total, partial: true } }];
  };
  const messageStart = (message: JsonObject): ChatEvent[] => {
    if (position.begun) return usage(message['usage']);
    const metadata = metadataOf(message);
    position.begun = true;
    if (metadata.id !== undefined) position.id = metadata.id;
    if (metadata.model !== undefined) position.model = metadata.model;
    return [metadata, ...usage(message['usage'])];
  };
  const messageDelta = (delta: JsonObject, told: unknown): ChatEvent[] => {
    const finish = finished ? undefined : finishEvent(delta, position.toolCalls > 0);
    if (finish !== undefined) finished = true;
    return [...(finish === undefined ? [] : [finish]), ...usage(told)];
  };
  const read = (event: JsonObject): readonly ChatEvent[] => {
    const index = typeof event['index'] === 'number' ? event['index'] : 0;
    const inner = (name: string): JsonObject => (isObject(event[name]) ? event[name] : {});
    switch (event['type']) {
      case 'content_block_delta':
        return blocks.delta(index, inner('delta'));
      case 'message_start':
        return messageStart(inner('message'));
      case 'content_block_start':
        return blocks.start(index, inner('content_block'));
      case 'content_block_stop':
        blocks.stop();
        return [];
      case 'message_delta':
        return messageDelta(inner('delta'), event['usage']);
      case 'message_stop':
        done = true;
        return [];
      case 'ping':
        return [{ type: 'ping' }];
      default: {
        const error = errorEventOf(event);
        return error === undefined ? [] : [error];
      }
    }
  };

  return createRecordReader({
    read,
    isDone: () => done,
    position: () => ({ ...position }),
  });
}
