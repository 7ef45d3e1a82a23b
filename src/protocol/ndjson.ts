import { createRecordSplitter, type EventSplitter } from './sse.ts';

const LF = 0x0a;

/** Cuts `bytes` after each line feed at or after `from`. */
function cut(bytes: Buffer, from: number, lines: Uint8Array[]): number {
  let start = 0;
  for (let at = bytes.indexOf(LF, from); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    lines.push(bytes.subarray(start, at + 1));
    start = at + 1;
  }
  return start;
}

/** Splits newline-delimited JSON into lines. */
export function createLineSplitter(): EventSplitter {
  return createRecordSplitter(cut, 0);
}
