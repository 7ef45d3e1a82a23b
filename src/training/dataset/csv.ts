import { parse } from 'csv-parse';
import { pipeline, Readable } from 'node:stream';
import { SignalboxError } from '../../errors.ts';
import { MAX_LINE_BYTES, readBytes, type ReadOptions } from './lines.ts';
import { invalidAt, type Place } from './place.ts';

/** One record of a CSV file. */
export interface CsvRecord {
  readonly cells: readonly string[];
  /** The line that it begins on. */
  readonly place: Place;
}

function lineBreaks(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count++;
  return count;
}

/** Text of the file; a byte order mark is dropped. */
async function* readText(file: string, line: () => number, options: ReadOptions): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (error) {
      throw invalidAt({ file, line: line() }, 'the text after this line is not valid UTF-8', error);
    }
  };
  for await (const chunk of readBytes(file, line, options)) yield decode(chunk);
  yield decode();
}

/**
 * The records of a CSV file (RFC 4180), the header first; every record has as many cells as the header. Blank lines are
 * skipped.
 * @throws `dataset_invalid` with file and line for quotes that do not match, another number of cells, or a record beyond
 * the limit.
 */
export async function* readCsv(file: string, options: ReadOptions = {}): AsyncGenerator<CsvRecord> {
  let line = 1;
  const parser = parse({
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: options.maxLineBytes ?? MAX_LINE_BYTES,
  });
  const text = readText(file, () => line, options);
  // Errors of either stream reach whoever reads the last one.
  const records = pipeline(Readable.from(text), parser, () => {});
  let columns = 0;
  try {
    for await (const item of records) {
      const { record, info }: { record: string[]; info: { lines: number } } = item;
      const place = { file, line: info.lines - lineBreaks(record) };
      line = info.lines;
      if (columns === 0) columns = record.length;
      if (record.length !== columns) {
        throw invalidAt(place, `mixed columns: expected ${columns} as in the header, got ${record.length}`);
      }
      yield { cells: record, place };
    }
  } catch (error) {
    if (SignalboxError.is(error) || !(error instanceof Error)) throw error;
    const at = 'lines' in error && typeof error.lines === 'number' ? error.lines : line;
    throw invalidAt({ file, line: at }, `not valid CSV: ${error.message}`, error);
  } finally {
    parser.destroy();
  }
}
