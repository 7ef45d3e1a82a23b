const LF = 0x0a;
const CR = 0x0d;
/** An event larger than this is not one. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;

/** Splits a stream of server-sent events into whole events, as the raw bytes they came in. */
export interface EventSplitter {
  /** Whole events in order, terminators included; what is not complete is kept for the next chunk. Throws `RangeError` on an endless event. */
  push(chunk: Uint8Array): Uint8Array[];
  /** What is left without a terminator. */
  rest(): Uint8Array | undefined;
}

/** Offset just past the blank line that ends the event which begins at `from`, or -1. */
function eventEnd(bytes: Buffer, from: number): number {
  for (let at = from; ;) {
    const lf = bytes.indexOf(LF, at);
    if (lf === -1) return crOnlyEnd(bytes, from);
    const next = bytes[lf + 1];
    if (next === LF) return lf + 2;
    if (next === CR && bytes[lf + 2] === LF) return lf + 3;
    at = lf + 1;
  }
}

/** The rare form that ends lines with CR alone. */
function crOnlyEnd(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(CR, from); at !== -1; at = bytes.indexOf(CR, at + 1)) {
    if (bytes[at + 1] === CR) return at + 2;
  }
  return -1;
}

/** Server-Sent Events, WHATWG HTML 9.2: events end at a blank line; lines end at LF, CRLF or CR. */
export function createEventSplitter(): EventSplitter {
  let held: Buffer | undefined;
  return {
    push(chunk) {
      const fresh = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const bytes = held === undefined ? fresh : Buffer.concat([held, fresh]);
      const events: Uint8Array[] = [];
      let at = 0;
      for (let end = eventEnd(bytes, at); end !== -1; end = eventEnd(bytes, at)) {
        events.push(bytes.subarray(at, end));
        at = end;
      }
      held = at === bytes.length ? undefined : bytes.subarray(at);
      if (held !== undefined && held.length > MAX_EVENT_BYTES)
        throw new RangeError(`a server-sent event is larger than ${MAX_EVENT_BYTES} bytes`);
      return events;
    },
    rest: () => held,
  };
}

/** The `data` of an event, its lines joined; undefined for comments and events without data. */
export function dataOf(event: Uint8Array): string | undefined {
  const text = Buffer.from(event.buffer, event.byteOffset, event.byteLength).toString('utf8');
  // By far the most events are one line of data.
  if (text.startsWith('data: ') && text.indexOf('\n') >= text.length - 2) return text.slice(6).trimEnd();
  let data: string | undefined;
  for (const line of text.split(/\r\n|\n|\r/)) {
    if (!line.startsWith('data')) continue;
    if (line.length > 4 && line[4] !== ':') continue;
    const value = line.slice(line[5] === ' ' ? 6 : 5);
    data = data === undefined ? value : `${data}\n${value}`;
  }
  return data;
}
