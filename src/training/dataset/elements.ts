import { isUtf8 } from 'node:buffer';
import { MAX_LINE_BYTES, readBytes, type Line, type ReadOptions } from './lines.ts';
import { invalidAt } from './place.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const BOM = new Set([0xef, 0xbb, 0xbf]);
const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
const opens = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const closes = (byte: number): boolean => byte === 0x7d || byte === 0x5d;

/**
 * The texts of the objects in a file that is one JSON array, one by one and with the line that each begins on, in memory
 * that does not grow with the file. What is inside an object is not checked here.
 * @throws `dataset_invalid` with file and line when the array is not one of objects, or does not end.
 */
export async function* readElements(file: string, options: ReadOptions = {}): AsyncGenerator<readonly Line[]> {
  const limit = options.maxLineBytes ?? MAX_LINE_BYTES;
  let line = 1;
  /** 0 = before or after the array, 1 = between its elements, more = inside one. */
  let depth = 0;
  let ended = false;
  let inText = false;
  let escaped = false;
  let expectsElement = true;
  let afterComma = false;
  let start = { line: 1, parts: [] as Buffer[], length: 0 };

  /** A byte outside of any element. */
  const outside = (byte: number): void => {
    if (isSpace(byte) || (line === 1 && BOM.has(byte))) return;
    if (depth === 0 && byte === 0x5b && !ended) depth = 1;
    else if (depth === 1 && byte === 0x5d && !afterComma) {
      depth = 0;
      ended = true;
    } else if (depth === 1 && byte === COMMA && !expectsElement) {
      expectsElement = true;
      afterComma = true;
    } else if (ended) throw invalidAt({ file, line }, 'not valid JSON: there is more after the end of the array');
    else
      throw invalidAt(
        { file, line },
        `not valid JSON: expected an array of objects, found ${String.fromCharCode(byte)}`,
      );
  };
  const finish = (end: Buffer): Line => {
    const bytes = Buffer.concat([...start.parts, end]);
    if (!isUtf8(bytes)) throw invalidAt({ file, line: start.line }, 'the text is not valid UTF-8');
    const done = { text: bytes.toString('utf8'), line: start.line };
    start = { line, parts: [], length: 0 };
    return done;
  };

  for await (const chunk of readBytes(file, () => line, options)) {
    const batch: Line[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (byte === NEWLINE) line++;
      if (inText) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (depth <= 1) {
        if (depth === 1 && byte === 0x7b && expectsElement) {
          depth = 2;
          expectsElement = false;
          afterComma = false;
          from = at;
          start.line = line;
        } else outside(byte);
      } else if (byte === QUOTE) inText = true;
      else if (opens(byte)) depth++;
      else if (closes(byte) && --depth === 1) batch.push(finish(chunk.subarray(from, at + 1)));
    }
    if (depth > 1) {
      start.parts.push(Buffer.from(chunk.subarray(from)));
      start.length += chunk.length - from;
      if (start.length > limit) throw invalidAt({ file, line: start.line }, `the object is longer than ${limit} bytes`);
    }
    if (batch.length > 0) yield batch;
  }
  if (!ended) throw invalidAt({ file, line }, 'not valid JSON: the file ends before the array does');
}
