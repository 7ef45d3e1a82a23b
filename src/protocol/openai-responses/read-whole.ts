import type { ChatEvent } from '../chat.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
import { failureOf } from './error.ts';
import { callEvent, isCall, isRefusal, itemEvents } from './item-events.ts';
import { finishOf, usageOf } from './usage.ts';

/** Who answers, from a response object. */
export function metadataOf(response: JsonObject): Extract<ChatEvent, { type: 'response-metadata' }> {
  const id = text(response['id']);
  const model = text(response['model']);
  return {
    type: 'response-metadata',
    ...(id === undefined ? {} : { id }),
    ...(model === undefined ? {} : { model }),
    ...(typeof response['created_at'] === 'number' ? { createdAt: Math.floor(response['created_at']) } : {}),
  };
}

/** What the items of a response say. */
export function outputEvents(response: JsonObject): ChatEvent[] {
  let calls = 0;
  return list(response['output']).flatMap((item) => {
    if (!isObject(item)) return [];
    if (!isCall(item)) return itemEvents(item, { chars: 0, call: calls });
    const call = calls++;
    return [callEvent(item, call), ...itemEvents(item, { chars: 0, call })];
  });
}

const refuses = (response: JsonObject): boolean =>
  list(response['output']).some((item) => isObject(item) && list(item['content']).some(isRefusal));

/** Why and at what cost a response ended, as far as it tells. */
export function endingEvents(response: JsonObject, calls: boolean, refused = false): ChatEvent[] {
  const finishReason = finishOf(response, { calls, refused: refused || refuses(response) });
  const usage = usageOf(response['usage']);
  return [
    ...(finishReason === undefined ? [] : [{ type: 'finish' as const, finishReason }]),
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
  ];
}

const no = (what: string): ChatEvent[] => [{ type: 'error', message: `the answer ${what}` }];

/** Events of a whole answer; one that failed says so in a status of 200. */
export function readWholeOpenAIResponses(bytes: Uint8Array): ChatEvent[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return no('is not valid JSON');
  }
  if (!isObject(body)) return no('is not a JSON object');
  const failure = failureOf(body);
  if (failure !== undefined) return [failure];
  if (!Array.isArray(body['output'])) return no('holds no output');
  const output = outputEvents(body);
  const calls = output.some(({ type }) => type === 'tool-call-delta');
  return [metadataOf(body), ...output, ...endingEvents(body, calls)];
}
