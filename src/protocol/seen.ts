import type { ChatEvent } from './chat.ts';
import { NOT_JSON } from './whole-events.ts';
import { UNFINISHED, UNREADABLE } from './inside-error.ts';
import { MAX_SEEN_CHARS, type Seen } from './tap.ts';
import type { Mutable } from './mutable.ts';

/** No model says more, characters: an answer that goes on is none, and what is held of it would fill the memory. */
const MAX_ANSWER_CHARS = 64 * 1024 * 1024;

/** Folds an answer's events into what has been seen of it. */
export interface SeenFold {
  readonly seen: Seen;
  /** Throws `RangeError` on an endless answer. */
  add(event: ChatEvent): void;
  /**
   * Records that were read, those that cannot be, and whether the dialect's end came. One that cannot be read, or an end
   * without a finish reason, is a failure of the stream, unless the answer was complete by then.
   */
  count(events: number, malformed: number, done: boolean): void;
}

/** Starts with nothing seen. */
export function foldSeen(): SeenFold {
  const seen: Mutable<Seen> = { text: '', chars: 0, done: false, events: 0, malformed: 0 };
  let tools = false;
  const output = (words: string): void => {
    seen.chars += words.length;
    if (seen.chars > MAX_ANSWER_CHARS) throw new RangeError(`an answer is longer than ${MAX_ANSWER_CHARS} characters`);
    const room = MAX_SEEN_CHARS - seen.text.length;
    if (room > 0) seen.text += words.length > room ? words.slice(0, room) : words;
  };
  return {
    seen,
    add(event) {
      switch (event.type) {
        case 'response-metadata':
          if (event.id !== undefined) seen.id ??= event.id;
          if (event.model !== undefined) seen.model ??= event.model;
          if (event.createdAt !== undefined) seen.created ??= event.createdAt;
          break;
        case 'text-delta':
        case 'reasoning-delta':
          output(event.delta);
          break;
        case 'tool-call-delta':
          tools = true;
          output((event.toolName ?? '') + event.delta);
          break;
        case 'usage':
          seen.usage = event.usage;
          break;
        case 'finish':
          seen.finishReason = tools && event.finishReason === 'stop' ? 'tool-calls' : event.finishReason;
          break;
        case 'error':
          seen.failed = { message: event.message, status: event.status ?? 500, text: event.text ?? event.message };
          break;
        case 'ping':
          break;
      }
    },
    count(events, malformed, done) {
      if (seen.finishReason === undefined) {
        if (malformed > seen.malformed) seen.failed ??= UNREADABLE;
        else if (done) seen.failed ??= UNFINISHED;
      }
      seen.events = events;
      seen.malformed = malformed;
      seen.done = done && seen.failed === undefined;
    },
  };
}

/** What a whole answer tells; one that is not JSON tells nothing but that. */
export function seenOf(events: readonly ChatEvent[]): Seen {
  const fold = foldSeen();
  const malformed = events[0] === NOT_JSON;
  if (!malformed) for (const event of events) fold.add(event);
  return { ...fold.seen, events: 1, malformed: malformed ? 1 : 0, done: true };
}
