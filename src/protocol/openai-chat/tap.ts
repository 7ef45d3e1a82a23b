import { utf8 } from '../bytes.ts';
import type { SignalboxError } from '../../errors.ts';
import type { FinishReason } from '../chat.ts';
import { SSE } from '../framing.ts';
import { count, isObject, list, text, type JsonObject } from '../guards.ts';
import { UNFINISHED, UNREADABLE } from '../inside-error.ts';
import { redactBytes } from '../redact-bytes.ts';
import { createEventSplitter, dataOf } from '../sse.ts';
import { MAX_SEEN_CHARS, sayMore, type Seen, type Tap, type TapOptions } from '../tap.ts';
import { errorInside, openaiError } from './error.ts';
import { wordsOf } from './reader.ts';
import { finishOf, usageOf } from './usage.ts';
import type { Mutable } from '../mutable.ts';

/** What a tap remembers beside what it has seen. */
interface Progress {
  /** Indices of the tool calls that were begun. */
  readonly calls: Set<number>;
  /** Text alone; undefined when it is too long to be kept. */
  said: string | undefined;
  begun: boolean;
  /** Indices of the answers that were begun, where there are several, and of those that have ended. */
  readonly choices: Set<number>;
  readonly ended: Set<number>;
  /** Why the last of them ended. */
  finish: FinishReason | undefined;
  /** How many were asked for. */
  readonly wanted: number;
}

/** Several answers cannot be gone on with as one. */
const progressOf = (wanted: number): Progress => ({
  calls: new Set(),
  said: wanted > 1 ? undefined : '',
  begun: false,
  choices: new Set(),
  ended: new Set(),
  finish: undefined,
  wanted,
});

/** Of several answers the last to end ends them all. `least`: how many there must be, since one may begin late. */
function noteFinish(seen: Mutable<Seen>, { choices, ended, finish }: Progress, least: number): void {
  const over = ended.size === choices.size && ended.size >= least;
  if (finish !== undefined && over) seen.finishReason = finish;
  else if (seen.finishReason !== undefined) delete seen.finishReason;
}

function readCalls(calls: readonly unknown[], progress: Progress): string {
  let seen = '';
  for (const [place, call] of calls.entries()) {
    progress.calls.add(isObject(call) && typeof call['index'] === 'number' ? call['index'] : place);
    const fn = isObject(call) && isObject(call['function']) ? call['function'] : {};
    seen += (text(fn['name']) ?? '') + (text(fn['arguments']) ?? '');
  }
  return seen;
}

/** Output of a message or a delta: reasoning, text and tool calls. */
function readMessage(message: JsonObject, progress: Progress): string {
  const words = wordsOf(message);
  if (words !== '') progress.said = sayMore(progress.said, words);
  const reasoning = text(message['reasoning_content']) ?? text(message['reasoning']) ?? '';
  const calls = message['tool_calls'];
  return calls === undefined ? reasoning + words : reasoning + words + readCalls(list(calls), progress);
}

/** Reads what an answer or a piece of it says; nothing of one that holds an error, which is not passed on. */
function readChunk(seen: Mutable<Seen>, chunk: JsonObject, progress: Progress): void {
  const failed = errorInside(chunk);
  if (failed !== undefined) {
    seen.failed = failed;
    return;
  }
  progress.begun = true;
  const id = text(chunk['id']);
  const model = text(chunk['model']);
  if (seen.id === undefined && id !== undefined) seen.id = id;
  if (seen.model === undefined && model !== undefined) seen.model = model;
  if (seen.created === undefined && typeof chunk['created'] === 'number') seen.created = chunk['created'];
  for (const choice of list(chunk['choices'])) {
    if (!isObject(choice)) continue;
    const index = typeof choice['index'] === 'number' ? choice['index'] : 0;
    progress.choices.add(index);
    if (index > 0) progress.said = undefined;
    const part = choice['delta'] ?? choice['message'];
    if (isObject(part)) {
      const output = readMessage(part, progress);
      seen.chars += output.length;
      const room = MAX_SEEN_CHARS - seen.text.length;
      if (room > 0) seen.text += output.length > room ? output.slice(0, room) : output;
    }
    const finish = finishOf(choice['finish_reason'], progress.calls.size > 0);
    if (finish === undefined) continue;
    progress.ended.add(index);
    progress.finish = finish;
  }
  noteFinish(seen, progress, progress.wanted);
}

/** Takes the counts of a chunk over: some hosts tell them from the first chunk on, and again at the end. */
function readUsage(seen: Mutable<Seen>, chunk: JsonObject, { ended }: Progress): void {
  const usage = usageOf(chunk['usage']);
  if (usage !== undefined) seen.usage = ended.size === 0 ? { ...usage, partial: true } : usage;
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
export function tapOpenAIChat({ strip, answers = 1, redact, trailer }: TapOptions): Tap {
  const splitter = createEventSplitter();
  const seen: Mutable<Seen> = { text: '', chars: 0, done: false, events: 0, malformed: 0 };
  const progress = progressOf(answers);
  let trailed = false;
  let withheld: Uint8Array | undefined;

  const trail = (): Uint8Array | undefined => {
    if (trailed) return undefined;
    trailed = true;
    const routing = trailer?.(seen);
    return routing === undefined ? undefined : openaiRoutingEvent(seen, routing);
  };
  /** What cannot be read may have held a part of the answer, unless that was complete by then. */
  const malformed = (): undefined => {
    seen.malformed++;
    if (seen.finishReason === undefined) seen.failed = UNREADABLE;
  };
  /** What of an event goes on; undefined when it is to be dropped. */
  const read = (event: Uint8Array, data: string): Uint8Array | undefined => {
    seen.events++;
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      // A client's parser would fail on it.
      return malformed();
    }
    if (!isObject(chunk)) return malformed();
    readChunk(seen, chunk, progress);
    readUsage(seen, chunk, progress);
    if (seen.failed !== undefined) {
      // Without words of its own it would look like an end.
      if (chunk['error'] !== undefined) withheld = redact === undefined ? event : redactBytes(event, redact);
      return undefined;
    }
    return strip && isUsageChunk(chunk) ? undefined : event;
  };
  /** The dialect's end and what goes before it; nothing without a finish reason, for then the answer was cut. */
  const done = (event: Uint8Array): readonly Uint8Array[] => {
    noteFinish(seen, progress, 1);
    if (seen.finishReason === undefined) {
      seen.failed = UNFINISHED;
      return [];
    }
    seen.done = true;
    const extra = trail();
    return extra === undefined ? [event] : [extra, event];
  };
  const pass = (event: Uint8Array): readonly Uint8Array[] => {
    // Whatever follows an error or the end is not the answer's.
    if (seen.failed !== undefined || seen.done) return [];
    const data = dataOf(event);
    if (data === '[DONE]') return done(event);
    // Clients fail on empty data, too.
    if (data === '') return [];
    const passed = data === undefined ? event : read(event, data);
    return passed === undefined ? [] : [passed];
  };
  const joined = (parts: readonly Uint8Array[]): Uint8Array | undefined =>
    parts.length > 1 ? Buffer.concat(parts) : parts[0];

  return {
    seen,
    get position() {
      return {
        ...(seen.id === undefined ? {} : { id: seen.id }),
        ...(seen.model === undefined ? {} : { model: seen.model }),
        ...(seen.created === undefined ? {} : { createdAt: seen.created }),
        said: progress.said,
        toolCalls: progress.calls.size,
        blocks: 0,
        sequence: 0,
        begun: progress.begun,
      };
    },
    get withheld() {
      return withheld;
    },
    push(chunk) {
      const events = splitter.push(chunk);
      const out: Uint8Array[] = [];
      let changed = splitter.rest() !== undefined;
      for (const event of events) {
        const passed = pass(event);
        if (passed.length !== 1 || passed[0] !== event) changed = true;
        out.push(...passed);
      }
      // A chunk of whole events that all pass is sent on as it came.
      return !changed && events.length > 1 && sameBytes(out, chunk) ? chunk : joined(out);
    },
    end() {
      const open = splitter.rest();
      const out = open === undefined ? [] : [...pass(SSE.terminated(open))];
      // What has its finish reason is whole, and a client may wait for the end that the provider left out.
      const unended = seen.failed === undefined && !seen.done && seen.finishReason !== undefined;
      if (unended) out.push(...done(DONE));
      return joined(out);
    },
  };
}

const DONE = Buffer.from('data: [DONE]\n\n');

function sameBytes(parts: readonly Uint8Array[], chunk: Uint8Array): boolean {
  return parts.reduce((length, part) => length + part.length, 0) === chunk.length;
}

/** What a whole answer tells; an answer that is not JSON tells nothing. */
export function seenOpenAIChat(body: Uint8Array): Seen {
  const seen: Mutable<Seen> = { text: '', chars: 0, done: true, events: 1, malformed: 0 };
  try {
    const parsed: unknown = JSON.parse(utf8(body));
    if (!isObject(parsed)) return seen;
    readChunk(seen, parsed, progressOf(1));
    const usage = usageOf(parsed['usage']);
    if (usage !== undefined) seen.usage = usage;
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

/** How many answers a request asks for. */
export function answersWanted(body: unknown): number {
  return (isObject(body) ? count(body['n']) : undefined) ?? 1;
}

/** Whether a request asks for the usage chunk itself. */
export function asksOpenAIForUsage(body: unknown): boolean {
  const options = isObject(body) ? body['stream_options'] : undefined;
  return isObject(options) && options['include_usage'] === true;
}
