import type { ChatEvent } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { createRecordReader } from '../record-reader.ts';
import type { Position } from '../tap.ts';
import { errorEventOf, failureOf } from './error.ts';
import { createItemReader } from './item-reader.ts';
import { endingEvents, metadataOf, outputEvents } from './read-whole.ts';

/** The status that a response has at an event which ends it; undefined for other events. */
const ENDS: ReadonlyMap<string, string> = new Map(
  ['completed', 'incomplete', 'failed', 'cancelled'].map((status) => [`response.${status}`, status]),
);

/** Reads the events of one streamed answer. */
export function readOpenAIResponses(): EventReader {
  let head: Pick<Position, 'id' | 'model' | 'createdAt'> | undefined;
  const items = createItemReader();
  let sequence = 0;
  let begun = false;
  let failed = false;
  let done = false;

  const failure = (event: ChatEvent): ChatEvent[] => {
    failed = true;
    return [event];
  };
  const ending = (response: JsonObject, fallback: string): ChatEvent[] => {
    const over = { ...response, status: response['status'] ?? fallback };
    const error = failureOf(over);
    if (error !== undefined) return failure(error);
    done = true;
    // Some hosts tell all of a short answer here.
    const unheard = items.spoken ? [] : outputEvents(over);
    const called = items.calls > 0 || unheard.some(({ type }) => type === 'tool-call-delta');
    return [...unheard, ...endingEvents(over, called, items.refused)];
  };
  const lifecycle = (type: string, response: JsonObject): ChatEvent[] => {
    const { type: name, ...metadata } = metadataOf(response);
    const first: ChatEvent[] = head === undefined ? [{ type: name, ...metadata }] : [];
    head ??= metadata;
    const status = ENDS.get(type);
    return status === undefined ? first : [...first, ...ending(response, status)];
  };
  const read = (event: JsonObject): readonly ChatEvent[] => {
    const type = text(event['type']) ?? '';
    if (typeof event['sequence_number'] === 'number') sequence = event['sequence_number'] + 1;
    // Some hosts send the envelope of an error instead.
    if (type === 'error' || (type === '' && isObject(event['error']))) return failure(errorEventOf(event));
    begun = true;
    if (type === 'keepalive') return [{ type: 'ping' }];
    const { response } = event;
    return isObject(response) ? lifecycle(type, response) : items.read(type, event);
  };

  return createRecordReader({
    read,
    // Whatever follows an error is not the answer's.
    skips: (data) => failed || data === '[DONE]',
    isDone: () => done,
    position: () => ({ ...head, ...items.position(), sequence, begun }),
  });
}
