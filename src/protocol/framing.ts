import { utf8 } from './bytes.ts';
import { createEventSplitter, dataOf, type EventSplitter } from './sse.ts';
import { createLineSplitter } from './ndjson.ts';

const LF = 0x0a;

/** How a stream is cut into records. */
export interface Framing {
  /** Cuts a stream into whole records, as the raw bytes they came in. */
  splitter(): EventSplitter;
  /** A last record that came without its end, with it: more may follow. */
  terminated(record: Uint8Array): Uint8Array;
  /** The JSON text of a record; undefined for one without any. */
  dataOf(record: Uint8Array): string | undefined;
}

/** Server-Sent Events, WHATWG HTML 9.2. */
export const SSE: Framing = {
  splitter: createEventSplitter,
  dataOf,
  terminated: (record) => Buffer.concat([record, Buffer.from(record.at(-1) === LF ? '\n' : '\n\n')]),
};

/** Newline-delimited JSON. */
export const NDJSON: Framing = {
  splitter: createLineSplitter,
  terminated: (record) => Buffer.concat([record, Buffer.from('\n')]),
  dataOf(record) {
    const line = utf8(record).trim();
    return line === '' ? undefined : line;
  },
};
