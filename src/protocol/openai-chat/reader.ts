import type { ChatEvent, FinishReason } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
import { metadataEvent } from '../metadata.ts';
import { createRecordReader } from '../record-reader.ts';
import { sayMore } from '../tap.ts';
import { errorInside } from './error.ts';
import { finishOf, usageOf } from './usage.ts';

/** The text of a message's or a delta's content, which some hosts send in parts. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map((part) => (isObject(part) ? (text(part['text']) ?? '') : ''))
    .join('');
}

/** What a message or a delta says to its reader. */
export const wordsOf = ({ content, refusal }: JsonObject): string =>
  (typeof content === 'string' ? content : contentText(content)) + (text(refusal) ?? '');

/** Events have room for one answer: the first, wherever its chunks stand among those of others. */
function firstChoice({ choices }: JsonObject): JsonObject | undefined {
  return list(choices)
    .filter(isObject)
    .find(({ index }) => (index ?? 0) === 0);
}

/** The events of a message or a delta. */
export function* messageEvents(part: JsonObject): Generator<ChatEvent> {
  const reasoning = text(part['reasoning_content']) ?? text(part['reasoning']) ?? '';
  if (reasoning !== '') yield { type: 'reasoning-delta', delta: reasoning };
  const words = wordsOf(part);
  if (words !== '') yield { type: 'text-delta', delta: words };
  for (const [place, call] of list(part['tool_calls']).entries()) {
    if (!isObject(call)) continue;
    const fn = isObject(call['function']) ? call['function'] : {};
    const toolCallId = text(call['id']);
    const toolName = text(fn['name']);
    yield {
      type: 'tool-call-delta',
      index: typeof call['index'] === 'number' ? call['index'] : place,
      delta: text(fn['arguments']) ?? '',
      ...(toolCallId === undefined ? {} : { toolCallId }),
      ...(toolName === undefined ? {} : { toolName }),
    };
  }
}

type CallDelta = Extract<ChatEvent, { type: 'tool-call-delta' }>;

/**
 * Numbers the calls of a stream. Some hosts leave the index out, or say 0 with every call: there a call begins with a
 * name and an id that is another. An id alone says nothing, since some hosts make one up for every piece.
 */
function createCallNumbers() {
  const latest = new Map<number, { readonly number: number; readonly id: string | undefined; readonly name: string }>();
  let count = 0;
  return {
    get count() {
      return count;
    },
    of(event: CallDelta): CallDelta {
      const { index, toolCallId, toolName = '' } = event;
      // Some say an empty id.
      const id = toolCallId === '' ? undefined : toolCallId;
      let call = latest.get(index);
      const another =
        call !== undefined && toolName !== '' && (id === undefined ? toolName !== call.name : id !== call.id);
      if (call === undefined || another) {
        call = { number: count++, id, name: toolName };
        latest.set(index, call);
      }
      return { ...event, index: call.number };
    },
  };
}

/** Who answers, from a chunk or a whole answer. */
export function metadataOf({ id, model, created }: JsonObject) {
  return metadataEvent({
    id: text(id),
    model: text(model),
    createdAt: typeof created === 'number' ? created : undefined,
  });
}

/** The error event of a chunk or a whole answer that holds one. */
export function errorEventOf(body: JsonObject): ChatEvent | undefined {
  const error = errorInside(body);
  return error === undefined ? undefined : { type: 'error', ...error };
}

/** Reads the chunks of one streamed answer. */
export function readOpenAIChat(): EventReader {
  let head: Omit<ReturnType<typeof metadataOf>, 'type'> | undefined;
  let said: string | undefined = '';
  let finish: FinishReason | undefined;
  let done = false;
  const calls = createCallNumbers();

  const events = (body: JsonObject): ChatEvent[] => {
    const error = errorEventOf(body);
    if (error !== undefined) return [error];
    const out: ChatEvent[] = [];
    if (head === undefined) {
      const { type, ...metadata } = metadataOf(body);
      head = metadata;
      out.push({ type, ...metadata });
    }
    const choice = firstChoice(body);
    if (choice !== undefined) {
      const part = choice['delta'] ?? choice['message'];
      for (const event of isObject(part) ? messageEvents(part) : []) {
        if (event.type === 'text-delta') said = sayMore(said, event.delta);
        out.push(event.type === 'tool-call-delta' ? calls.of(event) : event);
      }
      const reason = finishOf(choice['finish_reason'], calls.count > 0);
      if (reason !== undefined && finish === undefined) {
        finish = reason;
        out.push({ type: 'finish', finishReason: reason });
      }
    }
    const usage = usageOf(body['usage']);
    if (usage !== undefined)
      out.push({ type: 'usage', usage: finish === undefined ? { ...usage, partial: true } : usage });
    return out;
  };

  return createRecordReader({
    read: events,
    skips(data) {
      const last = data === '[DONE]';
      done ||= last;
      return last;
    },
    isDone: () => done,
    position: () => ({ ...head, said, toolCalls: calls.count, blocks: 0, sequence: 0, begun: head !== undefined }),
  });
}

/** Events of a whole answer. */
export function readOpenAIChatBody(body: JsonObject): ChatEvent[] {
  const error = errorEventOf(body);
  if (error !== undefined) return [error];
  const out: ChatEvent[] = [metadataOf(body)];
  const choice = firstChoice(body);
  if (isObject(choice?.['message'])) {
    let calls = 0;
    for (const event of messageEvents(choice['message'])) {
      // Whole calls need no index, and some hosts say 0 with each.
      out.push(event.type === 'tool-call-delta' ? { ...event, index: calls++ } : event);
    }
    const finishReason = finishOf(choice['finish_reason'], calls > 0);
    if (finishReason !== undefined) out.push({ type: 'finish', finishReason });
  }
  const usage = usageOf(body['usage']);
  if (usage !== undefined) out.push({ type: 'usage', usage });
  return out;
}
