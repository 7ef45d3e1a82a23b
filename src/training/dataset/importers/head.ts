import { readCsv } from '../csv.ts';
import { readElements } from '../elements.ts';
import { readBytes, readLines, type Line, type ReadOptions } from '../lines.ts';
import type { Head } from './importer.ts';

async function firstOf(batches: AsyncIterable<readonly Line[]>): Promise<Line | undefined> {
  for await (const [line] of batches) return line;
  return undefined;
}

/** The value, or undefined: what is wrong with it is told when it is read. */
function parsed(line: Line | undefined): unknown {
  try {
    return line === undefined ? undefined : JSON.parse(line.text);
  } catch {
    return undefined;
  }
}

const MARKS = ' \t\r\n\u00EF\u00BB\u00BF';

/** The first character that is neither white space nor part of a byte order mark; `''` = there is none. */
async function firstMark(file: string): Promise<string> {
  for await (const chunk of readBytes(file, () => 1)) {
    for (const byte of chunk) {
      const char = String.fromCharCode(byte);
      if (!MARKS.includes(char)) return char;
    }
  }
  return '';
}

/**
 * How a file begins, unpacked if it is gzip. Reads no more than that.
 * @throws as the readers do.
 */
export async function headOf(file: string, options: ReadOptions = {}): Promise<Head> {
  // Not told of these bytes: they are read again.
  const { maxLineBytes } = options;
  const quiet = maxLineBytes === undefined ? {} : { maxLineBytes };
  const mark = await firstMark(file);
  if (mark === '') return { kind: 'empty' };
  if (mark === '{') return { kind: 'lines', first: parsed(await firstOf(readLines(file, quiet))) };
  if (mark === '[') return { kind: 'array', first: parsed(await firstOf(readElements(file, quiet))) };
  for await (const { cells } of readCsv(file, quiet)) return { kind: 'csv', columns: cells };
  return { kind: 'empty' };
}
