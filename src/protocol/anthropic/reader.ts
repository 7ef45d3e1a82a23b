import type { ChatEvent } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
import { MAX_SEEN_CHARS, START, type Position } from '../tap.ts';
import { errorEventOf } from './error.ts';
import { finishOf, takeCounts, usageOf, type Counts } from './usage.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function metadataOf(message: JsonObject): ChatEvent & { type: 'response-metadata' } {
  const id = text(message['id']);
  const model = text(message['model']);
  return {
    type: 'response-metadata',
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
  };
}

const OPEN: Readonly<Record<string, Position['open']>> = {
  text: 'text',
  thinking: 'reasoning',
  redacted_thinking: 'reasoning',
  tool_use: 'tool-call',
};

/** Reads content blocks, and keeps `position` up to date. */
function readBlocks(position: Mutable<Position>, say: (delta: string) => ChatEvent) {
  /** The neutral index of each tool block. */
  const calls = new Map<number, number>();
  const blockStart = (index: number, block: JsonObject): ChatEvent[] => {
    const type = text(block['type']) ?? '';
    position.blocks = Math.max(position.blocks, index + 1);
    const open = OPEN[type];
    if (open === undefined) delete position.open;
    else position.open = open;
    if (type === 'text') {
      const words = text(block['text']) ?? '';
      return words === '' ? [] : [say(words)];
    }
    if (type === 'redacted_thinking')
      return [{ type: 'reasoning-delta', delta: '', redacted: text(block['data']) ?? '' }];
    if (type !== 'tool_use') return [];
    const call = calls.size;
    calls.set(index, call);
    position.toolCalls = calls.size;
    const input =
      isObject(block['input']) && Object.keys(block['input']).length > 0 ? JSON.stringify(block['input']) : '';
    return [
      {
        type: 'tool-call-delta',
        index: call,
        toolCallId: text(block['id']) ?? '',
        toolName: text(block['name']) ?? '',
        delta: input,
      },
    ];
  };
  const blockDelta = (index: number, delta: JsonObject): ChatEvent[] => {
    switch (delta['type']) {
      case 'text_delta':
        return [say(text(delta['text']) ?? '')];
      case 'thinking_delta':
        return [{ type: 'reasoning-delta', delta: text(delta['thinking']) ?? '' }];
      case 'signature_delta':
        return [{ type: 'reasoning-delta', delta: '', signature: text(delta['signature']) ?? '' }];
      case 'input_json_delta': {
        const fragment = text(delta['partial_json']) ?? '';
        return fragment === '' ? [] : [{ type: 'tool-call-delta', index: calls.get(index) ?? 0, delta: fragment }];
      }
      default:
        return [];
    }
  };
  return { start: blockStart, delta: blockDelta };
}

/** Reads the events of one streamed answer. */
export function readAnthropic(): EventReader {
  const position: Mutable<Position> = { ...START };
  const counts: Counts = {};
  let done = false;
  let malformed = 0;

  const say = (delta: string): ChatEvent => {
    if (position.said !== undefined) {
      position.said = position.said.length + delta.length > MAX_SEEN_CHARS ? undefined : position.said + delta;
    }
    return { type: 'text-delta', delta };
  };
  const usage = (partial: boolean): ChatEvent[] => {
    const told = usageOf(counts);
    return told === undefined ? [] : [{ type: 'usage', usage: partial ? { ...told, partial } : told }];
  };
  const blocks = readBlocks(position, say);
  const messageDelta = (event: JsonObject): ChatEvent[] => {
    takeCounts(counts, event['usage']);
    const delta = isObject(event['delta']) ? event['delta'] : {};
    const finishReason = finishOf(delta['stop_reason']);
    if (finishReason === undefined) return usage(true);
    const stopSequence = text(delta['stop_sequence']);
    return [{ type: 'finish', finishReason, ...(stopSequence === undefined ? {} : { stopSequence }) }, ...usage(false)];
  };
  const messageStart = (message: JsonObject): ChatEvent[] => {
    const metadata = metadataOf(message);
    position.begun = true;
    if (metadata.id !== undefined) position.id = metadata.id;
    if (metadata.model !== undefined) position.model = metadata.model;
    takeCounts(counts, message['usage']);
    return [metadata, ...usage(true)];
  };
  const read = (event: JsonObject): readonly ChatEvent[] => {
    const index = typeof event['index'] === 'number' ? event['index'] : 0;
    const inner = (name: string): JsonObject => (isObject(event[name]) ? event[name] : {});
    switch (event['type']) {
      case 'message_start':
        return messageStart(inner('message'));
      case 'content_block_start':
        return blocks.start(index, inner('content_block'));
      case 'content_block_delta':
        return blocks.delta(index, inner('delta'));
      case 'content_block_stop':
        delete position.open;
        return [];
      case 'message_delta':
        return messageDelta(event);
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

  return {
    read(data) {
      let event: unknown;
      try {
        event = JSON.parse(data);
      } catch {
        malformed++;
        return [];
      }
      return isObject(event) ? read(event) : [];
    },
    end: () => [],
    get done() {
      return done;
    },
    get malformed() {
      return malformed;
    },
    get position() {
      return { ...position };
    },
  };
}

function* blockEvents(block: JsonObject, call: number): Generator<ChatEvent> {
  switch (block['type']) {
    case 'text':
      yield { type: 'text-delta', delta: text(block['text']) ?? '' };
      break;
    case 'thinking': {
      const signature = text(block['signature']) ?? '';
      yield {
        type: 'reasoning-delta',
        delta: text(block['thinking']) ?? '',
        ...(signature === '' ? {} : { signature }),
      };
      break;
    }
    case 'redacted_thinking':
      yield { type: 'reasoning-delta', delta: '', redacted: text(block['data']) ?? '' };
      break;
    case 'tool_use':
      yield {
        type: 'tool-call-delta',
        index: call,
        toolCallId: text(block['id']) ?? '',
        toolName: text(block['name']) ?? '',
        delta: JSON.stringify(block['input'] ?? {}),
      };
      break;
  }
}

/** Events of a whole answer. */
export function readWholeAnthropic(bytes: Uint8Array): ChatEvent[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return [{ type: 'error', message: 'the answer is not valid JSON' }];
  }
  if (!isObject(body)) return [{ type: 'error', message: 'the answer is not a JSON object' }];
  const error = errorEventOf(body);
  if (error !== undefined) return [error];
  const out: ChatEvent[] = [metadataOf(body)];
  let calls = 0;
  for (const block of list(body['content'])) {
    if (!isObject(block)) continue;
    out.push(...blockEvents(block, calls));
    if (block['type'] === 'tool_use') calls++;
  }
  const finishReason = finishOf(body['stop_reason']);
  const stopSequence = text(body['stop_sequence']);
  if (finishReason !== undefined) {
    out.push({ type: 'finish', finishReason, ...(stopSequence === undefined ? {} : { stopSequence }) });
  }
  const counts: Counts = {};
  takeCounts(counts, body['usage']);
  const usage = usageOf(counts);
  if (usage !== undefined) out.push({ type: 'usage', usage });
  return out;
}
