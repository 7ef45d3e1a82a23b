import { open } from 'node:fs/promises';
import { SignalboxError } from '../errors.ts';
import { decodeLine, JOURNAL_VERSION } from './encode.ts';
import type { Rec } from './record.ts';

/** What one read of a segment gave. */
export interface Chunk {
  readonly records: Rec[];
  /** Where to read on: after the last whole line. */
  readonly offset: number;
  /** Whole lines that are damaged or unknown, skipped. */
  readonly skipped: number;
  /** Nothing but perhaps the beginning of a line follows `offset`. */
  readonly end: boolean;
}

const NEWLINE = 0x0a;
const CHUNK = 256 * 1024;

interface Window {
  readonly bytes: Buffer;
  readonly atEnd: boolean;
}

/** At least one whole line from `offset`, unless the file ends before. */
async function readWindow(path: string, offset: number, size: number): Promise<Window> {
  const file = await open(path, 'r');
  try {
    for (let want = size; ; want *= 4) {
      const buffer = Buffer.allocUnsafe(want);
      let length = 0;
      while (length < want) {
        const { bytesRead } = await file.read(buffer, length, want - length, offset + length);
        if (bytesRead === 0) return { bytes: buffer.subarray(0, length), atEnd: true };
        length += bytesRead;
      }
      if (buffer.includes(NEWLINE)) return { bytes: buffer, atEnd: false };
    }
  } finally {
    await file.close();
  }
}

/**
 * Reads whole lines of a segment from `offset`. A last line without an end is left for later: it may still be written.
 * @throws `storage_unavailable` when a newer version wrote the segment; what the file system throws.
 */
export async function readChunk(path: string, offset: number, size: number = CHUNK): Promise<Chunk> {
  const { bytes, atEnd } = await readWindow(path, offset, size);
  const records: Rec[] = [];
  let skipped = 0;
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    const value = decodeLine(bytes.subarray(start, end));
    if (value === undefined) skipped++;
    else if ('kind' in value) records.push(value);
    else if (value.version > JOURNAL_VERSION) throw newer(path, value.version);
    start = end + 1;
  }
  return { records, offset: offset + start, skipped, end: atEnd };
}

function newer(path: string, version: number): SignalboxError {
  return new SignalboxError(
    'storage_unavailable',
    `"${path}" was written by a newer Signalbox (journal version ${version}, this one reads ${JOURNAL_VERSION}): start that version once, so that it empties the journal`,
  );
}
