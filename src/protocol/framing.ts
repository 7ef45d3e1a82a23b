import { createEventSplitter, dataOf, type EventSplitter } from './sse.ts';
import { createLineSplitter } from './ndjson.ts';

/** How a stream is cut into records. */
export interface Framing {
  /** Cuts a stream into whole records, as the raw bytes they came in. */
  splitter(): EventSplitter;
  /** The JSON text of a record; undefined for one without any. */
  dataOf(record: Uint8Array): string | undefined;
}

/** Server-Sent Events, WHATWG HTML 9.2. */
export const SSE: Framing = { splitter: createEventSplitter, dataOf };

/** Newline-delimited JSON. */
export const NDJSON: Framing = {
  splitter: createLineSplitter,
  dataOf(record) {
    const line = Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString('utf8').trim();
    return line === '' ? undefined : line;
  },
};
