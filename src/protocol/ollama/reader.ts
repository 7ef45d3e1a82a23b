import type { ChatEvent } from '../chat.ts';
import type { EventReader } from '../codec.ts';
import { given, isObject, text, type JsonObject } from '../guards.ts';
import { MAX_SEEN_CHARS, type Position } from '../tap.ts';
import { errorInside } from './error.ts';
import type { Shape } from './shape.ts';
import { finishOf, usageOf } from './usage.ts';

/** Who answers and since when, in whole epoch seconds. */
function metadataOf(body: JsonObject) {
  const at = Date.parse(text(body['created_at']) ?? '');
  return given({
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
  let head: ReturnType<typeof metadataOf> | undefined;
  let said: string | undefined = '';
  let calls = 0;
  let done = false;
  let malformed = 0;

  const events = (body: JsonObject): ChatEvent[] => {
    const error = errorInside(body);
    if (error !== undefined) return [{ type: 'error', ...error }];
    const out = saidEvents(body, shape, calls);
    for (const event of out) {
      if (event.type === 'tool-call-delta') calls++;
      else if (event.type === 'text-delta' && said !== undefined)
        said = said.length + event.delta.length > MAX_SEEN_CHARS ? undefined : said + event.delta;
    }
    if (body['done'] === true) {
      done = true;
      out.push(...endEvents(body, calls > 0));
    } else if (out.length === 0) {
      out.push({ type: 'ping' });
    }
    if (head !== undefined) return out;
    head = metadataOf(body);
    return [{ type: 'response-metadata', ...head }, ...out];
  };

  return {
    read(line) {
      let body: unknown;
      try {
        body = JSON.parse(line);
      } catch {
        malformed++;
        return [];
      }
      return isObject(body) ? events(body) : [];
    },
    end: () => [],
    get done() {
      return done;
    },
    get malformed() {
      return malformed;
    },
    get position(): Position {
      return { ...head, said, toolCalls: calls, blocks: 0, sequence: 0, begun: head !== undefined };
    },
  };
}

/** Events of a whole answer. */
export function readWhole(bytes: Uint8Array, shape: Shape): ChatEvent[] {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  } catch {
    return [{ type: 'error', message: 'the answer is not valid JSON' }];
  }
  if (!isObject(body)) return [{ type: 'error', message: 'the answer is not a JSON object' }];
  const error = errorInside(body);
  if (error !== undefined) return [{ type: 'error', ...error }];
  const said = saidEvents(body, shape, 0);
  const ending = body['done'] === true ? endEvents(body, said.at(-1)?.type === 'tool-call-delta') : [];
  return [{ type: 'response-metadata', ...metadataOf(body) }, ...said, ...ending];
}
