import type { SignalboxError } from '../errors.ts';
import { isObject, list, text, type JsonObject } from './guards.ts';
import { errorInside, openaiError } from './openai-error.ts';
import { finishOf, usageOf } from './openai-usage.ts';
import { createEventSplitter, dataOf } from './sse.ts';
import { MAX_SEEN_CHARS, type Seen, type Tap, type TapOptions } from './tap.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function readCalls(calls: readonly unknown[]): string {
  let seen = '';
  for (const call of calls) {
    const fn = isObject(call) && isObject(call['function']) ? call['function'] : {};
    seen += (text(fn['name']) ?? '') + (text(fn['arguments']) ?? '');
  }
  return seen;
}

/** Text of a message or a delta, and whether it calls tools. */
function readMessage(message: JsonObject): { readonly text: string; readonly tools: boolean } {
  const calls = list(message['tool_calls']);
  const content = message['content'];
  const parts =
    typeof content === 'string'
      ? content
      : list(content)
          .map((part) => (isObject(part) ? (text(part['text']) ?? '') : ''))
          .join('');
  const reasoning = text(message['reasoning_content']) ?? text(message['reasoning']) ?? '';
  return { text: reasoning + parts + readCalls(calls), tools: calls.length > 0 };
}

/** Gives whether the chunk is an error. */
function readChunk(seen: Mutable<Seen>, chunk: JsonObject, state: { tools: boolean }): boolean {
  const id = text(chunk['id']);
  const model = text(chunk['model']);
  if (seen.id === undefined && id !== undefined) seen.id = id;
  if (seen.model === undefined && model !== undefined) seen.model = model;
  if (seen.created === undefined && typeof chunk['created'] === 'number') seen.created = chunk['created'];
  const usage = usageOf(chunk['usage']);
  if (usage !== undefined) seen.usage = usage;
  for (const choice of list(chunk['choices'])) {
    if (!isObject(choice)) continue;
    const part = choice['delta'] ?? choice['message'];
    if (isObject(part)) {
      const read = readMessage(part);
      seen.chars += read.text.length;
      const room = MAX_SEEN_CHARS - seen.text.length;
      if (room > 0) seen.text += read.text.length > room ? read.text.slice(0, room) : read.text;
      if (read.tools) state.tools = true;
    }
    const finish = finishOf(choice['finish_reason'], state.tools);
    if (finish !== undefined) seen.finishReason = finish;
  }
  const failed = errorInside(chunk);
  if (failed !== undefined) seen.failed = failed;
  return failed !== undefined;
}

/** Keys are ASCII: what stands around them stays as it is. */
function redacted(event: Uint8Array, redact: (text: string) => string): Uint8Array {
  const text = Buffer.from(event.buffer, event.byteOffset, event.byteLength).toString('latin1');
  const clean = redact(text);
  return clean === text ? event : Buffer.from(clean, 'latin1');
}

function isUsageChunk(chunk: JsonObject): boolean {
  return (
    Array.isArray(chunk['choices']) &&
    chunk['choices'].length === 0 &&
    isObject(chunk['usage']) &&
    chunk['error'] === undefined
  );
}

/**
 * A tap for OpenAI's chat stream: bytes pass unchanged but for the stripped usage chunk and the trailer. `"usage":null`
 * on other chunks stays: OpenAI's clients ignore it.
 */
export function tapOpenAIChat({ strip, redact, trailer }: TapOptions): Tap {
  const splitter = createEventSplitter();
  const seen: Mutable<Seen> = { text: '', chars: 0, done: false, events: 0, malformed: 0 };
  const state = { tools: false };
  let trailed = false;

  const trail = (): Uint8Array | undefined => {
    if (trailed) return undefined;
    trailed = true;
    return trailer?.(seen);
  };
  /** What of an event goes on; undefined when it is to be dropped. */
  const read = (event: Uint8Array, data: string): Uint8Array | undefined => {
    seen.events++;
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      seen.malformed++;
      return event;
    }
    if (!isObject(chunk)) return event;
    if (readChunk(seen, chunk, state) && redact !== undefined) return redacted(event, redact);
    return strip && isUsageChunk(chunk) ? undefined : event;
  };
  const joined = (parts: readonly Uint8Array[]): Uint8Array | undefined =>
    parts.length > 1 ? Buffer.concat(parts) : parts[0];

  return {
    seen,
    push(chunk) {
      const out: Uint8Array[] = [];
      let changed = false;
      const events = splitter.push(chunk);
      for (const event of events) {
        const data = dataOf(event);
        if (data === '[DONE]') {
          seen.done = true;
          const extra = trail();
          if (extra !== undefined) out.push(extra);
          out.push(event);
          continue;
        }
        const passed = data === undefined ? event : read(event, data);
        if (passed !== event) changed = true;
        if (passed !== undefined) out.push(passed);
      }
      // A chunk of whole events that all pass is sent on as it came.
      return !changed &&
        events.length > 1 &&
        out.length === events.length &&
        splitter.rest() === undefined &&
        sameBytes(out, chunk)
        ? chunk
        : joined(out);
    },
    end() {
      const out: Uint8Array[] = [];
      const rest = splitter.rest();
      const data = rest === undefined ? undefined : dataOf(rest);
      if (data === '[DONE]') seen.done = true;
      const passed = rest === undefined || data === undefined || data === '[DONE]' ? rest : read(rest, data);
      const extra = seen.done || seen.finishReason !== undefined ? trail() : undefined;
      if (extra !== undefined) out.push(extra);
      if (passed !== undefined) out.push(passed);
      return joined(out);
    },
  };
}

function sameBytes(parts: readonly Uint8Array[], chunk: Uint8Array): boolean {
  return parts.reduce((length, part) => length + part.length, 0) === chunk.length;
}

/** What a whole answer tells; an answer that is not JSON tells nothing. */
export function seenOpenAIChat(body: Uint8Array): Seen {
  const seen: Mutable<Seen> = { text: '', chars: 0, done: true, events: 1, malformed: 0 };
  try {
    const parsed: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'));
    if (isObject(parsed)) readChunk(seen, parsed, { tools: false });
  } catch {
    seen.malformed = 1;
  }
  return seen;
}

/** A chunk without choices that carries `routing`. */
export function openaiRoutingEvent(seen: Seen, routing: unknown): Uint8Array {
  const chunk = {
    id: seen.id ?? '',
    object: 'chat.completion.chunk',
    created: seen.created ?? 0,
    model: seen.model ?? '',
    choices: [],
    routing,
  };
  return Buffer.from(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** An error after the status was sent: an event without `[DONE]` after it; `routing` where it was asked for. */
export function openaiErrorEvent(error: SignalboxError, routing?: unknown): Uint8Array {
  const event = { ...openaiError(error), ...(routing === undefined ? {} : { routing }) };
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
}

/** Whether a request asks for the usage chunk itself. */
export function asksOpenAIForUsage(body: unknown): boolean {
  const options = isObject(body) ? body['stream_options'] : undefined;
  return isObject(options) && options['include_usage'] === true;
}
