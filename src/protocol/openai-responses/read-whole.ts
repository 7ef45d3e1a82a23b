import type { ChatEvent } from '../chat.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
import { metadataEvent } from '../metadata.ts';
import { failureOf } from './error.ts';
import { callEvent, isCall, isRefusal, itemEvents } from './item-events.ts';
import { finishOf, usageOf } from './usage.ts';

/** Who answers, from a response object. */
export function metadataOf({ id, model, created_at: at }: JsonObject) {
  return metadataEvent({
    id: text(id),
    model: text(model),
    createdAt: typeof at === 'number' ? Math.floor(at) : undefined,
  });
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

/** What a provider says of work that goes on in the background: all that it says for now. */
const UNDER_WAY: ReadonlySet<unknown> = new Set(['queued', 'in_progress']);

/** Events of a whole answer; one that failed says so in a status of 200. */
export function readOpenAIResponsesBody(body: JsonObject): ChatEvent[] {
  const failure = failureOf(body);
  if (failure !== undefined) return [failure];
  if (!Array.isArray(body['output'])) return [{ type: 'error', message: 'the answer holds no output' }];
  const output = outputEvents(body);
  const calls = output.some(({ type }) => type === 'tool-call-delta');
  const ending: readonly ChatEvent[] = UNDER_WAY.has(body['status'])
    ? [{ type: 'finish', finishReason: 'other' }]
    : endingEvents(body, calls);
  return [metadataOf(body), ...output, ...ending];
}
