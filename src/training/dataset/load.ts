import { stat } from 'node:fs/promises';
import { SignalboxError } from '../../errors.ts';
import { importerOf } from './importers/registry.ts';
import { invalidAt, shown, type Place } from './place.ts';
import type { DatasetRow } from './row.ts';

/** One file of a dataset. */
export interface LoadedFile {
  readonly file: string;
  /** The importer that read it. */
  readonly format: string;
  readonly rows: number;
}

/** The rows of some files, taken together. */
export interface LoadedDataset {
  readonly rows: readonly DatasetRow[];
  readonly files: readonly LoadedFile[];
  /** What is odd, but can be worked with. */
  readonly warnings: readonly string[];
}

export interface LoadOptions {
  /** The longest line that is read, in bytes. */
  readonly maxLineBytes?: number;
  /** Told now and then what share of the bytes is read, 0..1. */
  readonly progress?: (share: number) => void;
}

async function sizeOf(file: string): Promise<number> {
  // A file that is not there is told of when it is opened.
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

const NAMED = 5;

/** A warning for each file that lacks models which other files have. */
function mixedColumns(models: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const all = new Set<string>();
  for (const names of models.values()) for (const name of names) all.add(name);
  const warnings: string[] = [];
  for (const [file, names] of models) {
    const lacks = [...all].filter((name) => !names.has(name)).sort();
    if (lacks.length === 0) continue;
    const more = lacks.length > NAMED ? ` and ${lacks.length - NAMED} more` : '';
    warnings.push(`${file} has no outcomes of ${lacks.slice(0, NAMED).join(', ')}${more}, which other files have`);
  }
  return warnings;
}

/**
 * Reads the files of a dataset, each in the format that its content shows, and takes their rows together. Models need not
 * be the same in all files: columns are joined, and a warning says so.
 * @throws `dataset_invalid` with file and line for the first thing that is wrong, with both lines for an id that occurs
 * twice; `invalid_request` for a file that cannot be read.
 * @example
 * ```ts
 * const { rows } = await loadDataset(['mine.jsonl.gz', 'mmlu_test.json']);
 * const { set } = toTrainingSet(rows, { needs: ['ngrams'] });
 * ```
 */
export async function loadDataset(files: readonly string[], options: LoadOptions = {}): Promise<LoadedDataset> {
  const { maxLineBytes, progress } = options;
  const sizes = await Promise.all(files.map(sizeOf));
  const total = Math.max(
    1,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  let done = 0;
  const reading = {
    ...(maxLineBytes === undefined ? {} : { maxLineBytes }),
    ...(progress === undefined
      ? {}
      : {
          onBytes(bytes: number) {
            done += bytes;
            progress(Math.min(1, done / total));
          },
        }),
  };
  const rows: DatasetRow[] = [];
  const places = new Map<string, Place>();
  const loaded: LoadedFile[] = [];
  const warnings: string[] = [];
  const models = new Map<string, Set<string>>();
  for (const file of files) {
    const importer = await importerOf(file, reading);
    const before = rows.length;
    const names = new Set<string>();
    for await (const { row, place } of importer.read(file, reading)) {
      const earlier = places.get(row.id);
      if (earlier !== undefined) {
        throw invalidAt(place, `id ${shown(row.id)} is already used at ${earlier.file}:${earlier.line}`);
      }
      places.set(row.id, place);
      rows.push(row);
      for (const name of Object.keys(row.outcomes)) names.add(name);
    }
    if (rows.length === before) warnings.push(`${file} holds no outcomes (${importer.about})`);
    else models.set(file, names);
    loaded.push({ file, format: importer.name, rows: rows.length - before });
  }
  if (rows.length === 0) {
    throw new SignalboxError('dataset_invalid', `${files.join(', ')}: no outcomes to learn from`);
  }
  return { rows, files: loaded, warnings: [...warnings, ...mixedColumns(models)] };
}
