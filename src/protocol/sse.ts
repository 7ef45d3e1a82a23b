import { asBuffer, utf8 } from './bytes.ts';

const LF = 0x0a;
const CR = 0x0d;
/** An event larger than this is not one. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** A blank line is at most LF CR LF: this many bytes before new ones may be its beginning. */
const SEAM = 2;
const NOTHING = Buffer.alloc(0);

/** Splits a stream of server-sent events into whole events, as the raw bytes they came in. */
export interface EventSplitter {
  /** Whole events in order, terminators included; what is not complete is kept for the next chunk. Throws `RangeError` on an endless event. */
  push(chunk: Uint8Array): Uint8Array[];
  /** What is left without a terminator. */
  rest(): Uint8Array | undefined;
}

/** Offset of a byte at or after `from`; the end where there is none. */
function next(bytes: Buffer, byte: number, from: number): number {
  const at = from < bytes.length ? bytes.indexOf(byte, from) : -1;
  return at === -1 ? bytes.length : at;
}

/** Cuts `bytes` after each blank line that ends after `from`: LF LF, LF CR LF or CR CR. Gives where the rest begins. */
function cut(bytes: Buffer, from: number, events: Uint8Array[]): number {
  let start = 0;
  let lf = next(bytes, LF, from);
  // Most streams have none, and are searched for it once per chunk.
  let cr = next(bytes, CR, from);
  while (lf !== cr) {
    const at = (lf < cr ? lf : cr) + 1;
    const after = bytes[at];
    let end = at;
    if (after === bytes[at - 1]) end = at + 1;
    else if (after === CR && bytes[at + 1] === LF) end = at + 2;
    if (end > at) {
      events.push(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end));
      start = end;
    }
    if (lf < end) lf = next(bytes, LF, end);
    if (cr < end) cr = next(bytes, CR, end);
  }
  return start;
}

/**
 * Splits a stream with `cut`, which pushes the whole records of `bytes` and gives where the rest begins. Every byte is
 * searched once, `seam` bytes before new ones again, and copied only where a record spans chunks.
 */
export function createRecordSplitter(
  split: (bytes: Buffer, from: number, records: Uint8Array[]) => number,
  seam: number,
): EventSplitter {
  /** Begins with the `size` bytes that are not complete; room for more may follow. */
  let held: Buffer = NOTHING;
  let size = 0;
  const join = (fresh: Buffer): Buffer => {
    const total = size + fresh.length;
    if (total > held.length) {
      // Twice as much each time, so that an event in many pieces is copied about once.
      const larger = Buffer.allocUnsafe(Math.max(total, 2 * held.length));
      held.copy(larger, 0, 0, size);
      held = larger;
    }
    fresh.copy(held, size);
    return held.subarray(0, total);
  };
  return {
    push(chunk) {
      const fresh = asBuffer(chunk);
      const from = Math.max(0, size - seam);
      if (size === 0) held = fresh;
      const bytes = size === 0 ? fresh : join(fresh);
      const events: Uint8Array[] = [];
      const at = split(bytes, from, events);
      size = bytes.length - at;
      held = size === 0 ? NOTHING : held.subarray(at);
      if (size > MAX_EVENT_BYTES) throw new RangeError(`an event is larger than ${MAX_EVENT_BYTES} bytes`);
      return events;
    },
    rest: () => (size === 0 ? undefined : held.subarray(0, size)),
  };
}

/** Server-Sent Events, WHATWG HTML 9.2: events end at a blank line; lines end at LF, CRLF or CR. */
export function createEventSplitter(): EventSplitter {
  return createRecordSplitter(cut, SEAM);
}

/** A comment, or a field of the format. */
const KNOWN_LINE = /^(?::|(?:data|event|id|retry)(?::|$))/;
/** Whether a line without a field's name may have been a part of some JSON, where text stands in quotes. */
const mayBeJson = (line: string): boolean => /["{}]/.test(line) && !KNOWN_LINE.test(line);

/**
 * The `data` of an event, its lines joined; undefined for comments and events without data. Of an event that is neither,
 * because its bytes are damaged, all of it.
 */
export function dataOf(event: Uint8Array): string | undefined {
  const text = utf8(event);
  // By far the most events are one line of data, in some dialects with their type before it.
  const named = text.startsWith('event: ') ? text.indexOf('\n') + 1 : 0;
  const isSingle = text.startsWith('data: ', named) && text.indexOf('\n', named) >= text.length - 2;
  if (isSingle && !text.includes('\r')) return text.slice(named + 6).trimEnd();
  let data: string | undefined;
  // A stream may begin with a byte order mark.
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  for (const line of lines) {
    if (!line.startsWith('data')) continue;
    if (line.length > 4 && line[4] !== ':') continue;
    const value = line.slice(line[5] === ' ' ? 6 : 5);
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data === undefined && lines.some(mayBeJson) ? text : data?.trim();
}
