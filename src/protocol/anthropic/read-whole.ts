import type { ChatEvent } from '../chat.ts';
import { isObject, list, type JsonObject } from '../guards.ts';
import { blockEvents } from './block-events.ts';
import { errorEventOf } from './error.ts';
import { finishEvent, metadataOf } from './reader.ts';
import { takeCounts, usageOf, type Counts } from './usage.ts';

/** Events of a whole answer. */
export function readAnthropicBody(body: JsonObject): ChatEvent[] {
  const error = errorEventOf(body);
  if (error !== undefined) return [error];
  const out: ChatEvent[] = [metadataOf(body)];
  let calls = 0;
  for (const block of list(body['content'])) {
    if (!isObject(block)) continue;
    out.push(...blockEvents(block, calls));
    if (block['type'] === 'tool_use') calls++;
  }
  const finish = finishEvent(body, calls > 0);
  if (finish !== undefined) out.push(finish);
  const counts: Counts = {};
  takeCounts(counts, body['usage']);
  const usage = usageOf(counts);
  if (usage !== undefined) out.push({ type: 'usage', usage });
  return out;
}
