import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { SignalboxError } from '../../errors.ts';
import { invalidAt } from './place.ts';

/** One line of a file, without its line break. */
export interface Line {
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

export interface ReadOptions {
  /** The longest line that is read, in bytes. */
  readonly maxLineBytes?: number;
  /** Told how many bytes of the file (compressed, if it is) were read since it was last told. */
  readonly onBytes?: (bytes: number) => void;
}

/** A line may hold a query of many megabytes, but not exhaust the memory. */
export const MAX_LINE_BYTES = 64 * 2 ** 20;
const CHUNK = 256 * 1024;
const NEWLINE = 0x0a;

function cannotOpen(file: string, cause: unknown): SignalboxError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EISDIR'
        ? 'this is a folder'
        : `it cannot be read (${code})`;
  return new SignalboxError('invalid_request', `${file}: ${why}`, { cause });
}

/** Whether a file begins as gzip does: its name says nothing. */
async function isPacked(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const head = Buffer.alloc(2);
    const { bytesRead } = await handle.read(head, 0, 2, 0);
    return bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

function openBytes(file: string, packed: boolean, onBytes: ((bytes: number) => void) | undefined): Readable {
  const source = createReadStream(file, { highWaterMark: CHUNK });
  if (onBytes !== undefined) source.on('data', (chunk) => onBytes(chunk.length)).pause();
  // Errors of either stream reach whoever reads the last one.
  return packed ? pipeline(source, createGunzip({ chunkSize: CHUNK }), () => {}) : source;
}

/** The bytes of a file chunk by chunk, unpacked; `line` tells which line a fault is near. */
export async function* readBytes(file: string, line: () => number, options: ReadOptions = {}): AsyncGenerator<Buffer> {
  let bytes: Readable | undefined;
  try {
    bytes = openBytes(file, await isPacked(file), options.onBytes);
    for await (const chunk of bytes) yield chunk;
  } catch (error) {
    if (SignalboxError.is(error)) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR') {
      throw invalidAt({ file, line: line() }, 'the gzip file is truncated: nothing can be read after this line', error);
    }
    if (code.startsWith('Z_'))
      throw invalidAt(
        { file, line: line() },
        `the gzip file is damaged: nothing can be read after this line (${code})`,
        error,
      );
    throw cannotOpen(file, error);
  } finally {
    bytes?.destroy();
  }
}

/** Text of one line; a byte order mark at the start of the file is dropped. */
function textOf(bytes: Buffer, file: string, line: number): string {
  if (!isUtf8(bytes)) throw invalidAt({ file, line }, 'the line is not valid UTF-8');
  const text = bytes.toString('utf8');
  return line === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text;
}

/**
 * The lines of a plain or gzip file that are not blank, a batch per chunk read, in memory that does not grow with the
 * file.
 * @throws `dataset_invalid` with file and line for bytes that are not UTF-8, damaged or truncated gzip, or a line beyond
 * `maxLineBytes`; `invalid_request` when the file cannot be read.
 */
export async function* readLines(file: string, options: ReadOptions = {}): AsyncGenerator<readonly Line[]> {
  const limit = options.maxLineBytes ?? MAX_LINE_BYTES;
  let line = 1;
  let parts: Buffer[] = [];
  let length = 0;
  const take = (end: Buffer): Line => {
    const bytes = parts.length === 0 ? end : Buffer.concat([...parts, end]);
    parts = [];
    length = 0;
    return { text: textOf(bytes, file, line), line };
  };
  const check = (more: number): void => {
    if (length + more > limit) {
      throw invalidAt({ file, line }, `the line is longer than ${limit} bytes; one line holds one query`);
    }
  };
  for await (const chunk of readBytes(file, () => line, options)) {
    const batch: Line[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      check(at - from);
      const taken = take(chunk.subarray(from, at));
      if (taken.text.trim() !== '') batch.push(taken);
      line++;
      from = at + 1;
    }
    check(chunk.length - from);
    if (from < chunk.length) {
      // A copy, since a stream may use its chunk again.
      parts.push(Buffer.from(chunk.subarray(from)));
      length += chunk.length - from;
    }
    if (batch.length > 0) yield batch;
  }
  if (parts.length > 0) {
    const last = take(Buffer.alloc(0));
    if (last.text.trim() !== '') yield [last];
  }
}
