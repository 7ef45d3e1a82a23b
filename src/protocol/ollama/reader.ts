import type { ChatEvent } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { given, isObject, text, type JsonObject } from '../guards.ts';
import { metadataEvent } from '../metadata.ts';
import { createRecordReader } from '../record-reader.ts';
import { sayMore } from '../tap.ts';
import { UNFINISHED } from '../inside-error.ts';
import { errorInside } from './error.ts';
import type { Shape } from './shape.ts';
import { finishOf, usageOf } from './usage.ts';

/** Who answers and since when, in whole epoch seconds. */
function metadataOf(body: JsonObject) {
  const at = Date.parse(text(body['created_at']) ?? '');
  return metadataEvent({
    model: text(body['model']),
    createdAt: Number.isNaN(at) ? undefined : Math.floor(at / 1000),
  });
}

/** A call, which comes whole; `index` counts the answer's calls, since the wire's own counts those of a line in some versions. */
function callEvent(call: unknown, index: number): ChatEvent {
  const fields = isObject(call) ? call : {};
  const fn = isObject(fields['function']) ? fields['function'] : {};
  const { arguments: input = {} } = fn;
  return given({
    type: 'tool-call-delta' as const,
    index,
    toolCallId: text(fields['id']),
    toolName: text(fn['name']) ?? '',
    delta: text(input) ?? JSON.stringify(input),
  });
}

/** What a line or a whole answer says, after `calls` tool calls. */
function saidEvents(body: JsonObject, shape: Shape, calls: number): ChatEvent[] {
  const said = shape.said(body);
  const out: ChatEvent[] = [];
  if (said.thinking !== '') out.push({ type: 'reasoning-delta', delta: said.thinking });
  if (said.text !== '') out.push({ type: 'text-delta', delta: said.text });
  for (const [place, call] of said.calls.entries()) out.push(callEvent(call, calls + place));
  return out;
}

/** Finish and usage of what is done. */
function endEvents(body: JsonObject, calledTools: boolean): ChatEvent[] {
  const usage = usageOf(body);
  const finish: ChatEvent = { type: 'finish', finishReason: finishOf(body['done_reason'], calledTools) };
  return usage === undefined ? [finish] : [finish, { type: 'usage', usage }];
}

/** Reads the lines of one streamed answer. */
export function readLines(shape: Shape): EventReader {
  let head: Omit<ReturnType<typeof metadataOf>, 'type'> | undefined;
  let said: string | undefined = '';
  let calls = 0;
  let done = false;

  const events = (body: JsonObject): ChatEvent[] => {
    const error = errorInside(body);
    if (error !== undefined) return [{ type: 'error', ...error }];
    const out = saidEvents(body, shape, calls);
    for (const event of out) {
      if (event.type === 'tool-call-delta') calls++;
      else if (event.type === 'text-delta') said = sayMore(said, event.delta);
    }
    if (body['done'] === true) {
      done = true;
      out.push(...endEvents(body, calls > 0));
    } else if (out.length === 0) {
      out.push({ type: 'ping' });
    }
    if (head !== undefined) return out;
    const { type, ...metadata } = metadataOf(body);
    head = metadata;
    return [{ type, ...metadata }, ...out];
  };

  return createRecordReader({
    read: events,
    isDone: () => done,
    position: () => ({ ...head, said, toolCalls: calls, blocks: 0, sequence: 0, begun: head !== undefined }),
  });
}

/** Events of a whole answer; an error event for one that says it is not done. */
export function readBody(body: JsonObject, shape: Shape): ChatEvent[] {
  const error = errorInside(body) ?? (body['done'] === false ? UNFINISHED : undefined);
  if (error !== undefined) return [{ type: 'error', ...error }];
  const said = saidEvents(body, shape, 0);
  const ending = body['done'] === true ? endEvents(body, said.at(-1)?.type === 'tool-call-delta') : [];
  return [metadataOf(body), ...said, ...ending];
}
