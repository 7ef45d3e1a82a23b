import { findJsonFault } from '../../json-fault.ts';
import { readLines, type Line, type ReadOptions } from './lines.ts';
import { invalidAt, stemOf } from './place.ts';
import { rowOf, type DatasetRow, type LocatedRow } from './row.ts';

/**
 * The value of a line of JSON.
 * @throws `dataset_invalid` with file, line and column of the first fault.
 */
export function parseLine({ text, line }: Line, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { at, message } = findJsonFault(text, 'line');
    throw invalidAt({ file, line }, `not valid JSON: column ${at + 1}: ${message}`, error);
  }
}

/**
 * The rows of a routing dataset in Signalbox's own format, and where each stands. Memory does not grow with the file.
 * @throws `dataset_invalid` with file and line; `invalid_request` when the file cannot be read.
 */
export async function* readLocatedRows(file: string, options: ReadOptions = {}): AsyncGenerator<LocatedRow> {
  const dataset = stemOf(file);
  for await (const batch of readLines(file, options)) {
    for (const line of batch) {
      const place = { file, line: line.line };
      yield { row: rowOf(parseLine(line, file), place, dataset), place };
    }
  }
}

/**
 * The rows of a routing dataset in Signalbox's own format: JSONL, plain or gzip.
 * @throws as {@link readLocatedRows}.
 * @example
 * ```ts
 * for await (const row of readRows('outcomes.jsonl.gz')) console.log(row.id, Object.keys(row.outcomes).length);
 * ```
 */
export async function* readRows(file: string, options: ReadOptions = {}): AsyncGenerator<DatasetRow> {
  for await (const { row } of readLocatedRows(file, options)) yield row;
}
