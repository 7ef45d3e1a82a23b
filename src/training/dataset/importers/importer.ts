import type { ReadOptions } from '../lines.ts';
import type { LocatedRow } from '../row.ts';

/** How a file begins: enough to tell its format by its content. */
export type Head =
  | { readonly kind: 'empty' }
  /** One JSON object per line; `first` is the first one, undefined if it is not valid. */
  | { readonly kind: 'lines'; readonly first: unknown }
  /** One JSON array of objects. */
  | { readonly kind: 'array'; readonly first: unknown }
  /** Neither: `columns` is the header if the file is CSV. */
  | { readonly kind: 'csv'; readonly columns: readonly string[] };

/** Reads one published format as routing rows. */
export interface Importer {
  readonly name: string;
  /** What it reads, for a person. */
  readonly about: string;
  detects(head: Head): boolean;
  /**
   * The rows of a file.
   * @throws `dataset_invalid` with file and line.
   */
  read(file: string, options?: ReadOptions): AsyncIterable<LocatedRow>;
}
