import { utf8 } from './bytes.ts';
import type { ChatEvent } from './chat.ts';
import { isObject, type JsonObject } from './guards.ts';

/** What bytes that are not JSON tell. */
export const NOT_JSON: ChatEvent = { type: 'error', message: 'the answer is not valid JSON' };

/** Events of a whole answer, by what a dialect makes of its object. */
export function wholeEvents(bytes: Uint8Array, read: (body: JsonObject) => readonly ChatEvent[]): readonly ChatEvent[] {
  let body: unknown;
  try {
    body = JSON.parse(utf8(bytes));
  } catch {
    return [NOT_JSON];
  }
  return isObject(body) ? read(body) : [{ type: 'error', message: 'the answer is not a JSON object' }];
}
