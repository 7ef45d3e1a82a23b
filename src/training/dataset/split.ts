import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { SignalboxError } from '../../errors.ts';
import { foldsOf, holdOutOf } from '../../routers/numeric/folds.ts';
import { groupsOf } from './groups.ts';
import type { DatasetRow } from './row.ts';
import { replaceFile } from './write.ts';

/** Which fold each row is in, and of what data: saved, so that others can repeat a run. */
export interface Split {
  /** `folds`: 0..folds−1 for cross-validation. `share` and `time`: 0 = train, 1 = test. */
  readonly kind: 'folds' | 'share' | 'time';
  readonly folds: number;
  /** What it was drawn with; a time split has none. */
  readonly seed?: number;
  /** The first day of the test rows, for a time split. */
  readonly from?: string;
  readonly data: SplitData;
  readonly foldOf: ReadonlyMap<string, number>;
}

/** What a split was made of. */
export interface SplitData {
  /** The data file's stem. */
  readonly name: string;
  readonly rows: number;
  /** SHA-256 in hex of the ids, in code unit order, joined by line breaks. */
  readonly ids: string;
}

function invalid(message: string, cause?: unknown): SignalboxError {
  return new SignalboxError('dataset_invalid', message, { cause });
}

function dataOf(rows: readonly DatasetRow[], name: string): SplitData {
  const ids = rows.map(({ id }) => id).sort();
  return { name, rows: rows.length, ids: createHash('sha256').update(ids.join('\n')).digest('hex') };
}

function foldMap(rows: readonly DatasetRow[], folds: Int32Array): Map<string, number> {
  return new Map(rows.map(({ id }, i) => [id, folds[i] ?? 0]));
}

/**
 * `folds` folds for cross-validation, as equal in size as they can be without parting rows that ask the same.
 * @throws `invalid_request` when there are not as many different queries.
 */
export function splitIntoFolds(rows: readonly DatasetRow[], name: string, folds: number, seed: number): Split {
  const groups = groupsOf(rows);
  const distinct = new Set(groups).size;
  if (folds < 2 || folds > distinct) {
    throw new SignalboxError(
      'invalid_request',
      `${folds} folds of ${distinct} different queries: 2 to ${distinct} make sense`,
    );
  }
  return { kind: 'folds', folds, seed, data: dataOf(rows, name), foldOf: foldMap(rows, foldsOf(groups, folds, seed)) };
}

/**
 * Train (0) and test (1), the latter about `share` of the rows; rows that ask the same stand on one side.
 * @throws `invalid_request` when share is not between 0 and 1, or one side would be empty.
 */
export function splitByShare(rows: readonly DatasetRow[], name: string, share: number, seed: number): Split {
  if (!(share > 0 && share < 1)) {
    throw new SignalboxError('invalid_request', `a test share is between 0 and 1, not ${share}`);
  }
  const sides = holdOutOf(groupsOf(rows), share, seed);
  if (new Set(sides).size < 2) {
    throw new SignalboxError(
      'invalid_request',
      `a test share of ${share} of ${rows.length} rows leaves one side empty`,
    );
  }
  return { kind: 'share', folds: 2, seed, data: dataOf(rows, name), foldOf: foldMap(rows, sides) };
}

/**
 * Train (0) on what came before, test (1) on what came after: the latest rows, about `share` of them, whole days. Rows
 * that ask the same as an earlier one stay with it in train.
 * @throws `dataset_invalid` when a row has no date; `invalid_request` when one side would be empty.
 */
export function splitByTime(rows: readonly DatasetRow[], name: string, share: number): Split {
  if (!(share > 0 && share < 1)) {
    throw new SignalboxError('invalid_request', `a test share is between 0 and 1, not ${share}`);
  }
  const undated = rows.filter(({ date }) => date === undefined);
  if (undated.length > 0) {
    throw invalid(`${undated.length} of ${rows.length} rows have no date, the first is ${undated[0]?.id ?? ''}`);
  }
  const days = rows.map(({ date = '' }) => new Date(date).toISOString().slice(0, 10));
  const from = [...days].sort()[Math.floor((1 - share) * rows.length)] ?? '';
  const groups = groupsOf(rows);
  const firstDay = new Map<number, string>();
  for (const [i, group] of groups.entries()) {
    const day = days[i] ?? '';
    const known = firstDay.get(group);
    if (known === undefined || day < known) firstDay.set(group, day);
  }
  const sides = groups.map((group) => ((firstDay.get(group) ?? '') >= from ? 1 : 0));
  if (new Set(sides).size < 2) {
    throw new SignalboxError('invalid_request', `the rows cannot be parted at ${from}: one side would be empty`);
  }
  return { kind: 'time', folds: 2, from, data: dataOf(rows, name), foldOf: foldMap(rows, sides) };
}

/**
 * The fold of each row.
 * @throws `dataset_invalid` when the split was made of other rows.
 */
export function foldsFor(split: Split, rows: readonly DatasetRow[]): Int32Array {
  const unknown = rows.find(({ id }) => !split.foldOf.has(id));
  if (unknown !== undefined || rows.length !== split.data.rows || dataOf(rows, '').ids !== split.data.ids) {
    const example = unknown === undefined ? '' : `; "${unknown.id}" is not among them`;
    throw invalid(
      `the split is of ${split.data.rows} rows of ${split.data.name}, these are ${rows.length} rows that differ${example}`,
    );
  }
  return Int32Array.from(rows, ({ id }) => split.foldOf.get(id) ?? 0);
}

const FILE = z.object({
  version: z.literal(1),
  kind: z.enum(['folds', 'share', 'time']),
  folds: z.int().min(2),
  seed: z.int().optional(),
  from: z.string().optional(),
  data: z.object({ name: z.string(), rows: z.int().min(0), ids: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** Pairs, so that any text may be an id. */
  fold: z.array(z.tuple([z.string(), z.int().min(0)])),
});

/** Writes a split as JSON: `fold` lists [id, fold]. */
export async function writeSplit(path: string, { foldOf, ...split }: Split): Promise<void> {
  const lines = [...foldOf].map((pair) => `    ${JSON.stringify(pair)}`);
  const head = JSON.stringify({ version: 1, ...split }, null, 2).slice(0, -2);
  await replaceFile(path, (file) => file.writeFile(`${head},\n  "fold": [\n${lines.join(',\n')}\n  ]\n}\n`));
}

/**
 * Reads what {@link writeSplit} wrote; {@link foldsFor} checks it against the data.
 * @throws `dataset_invalid` with the path when it is not such a file; `invalid_request` when it cannot be read.
 */
export async function readSplit(path: string): Promise<Split> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new SignalboxError('invalid_request', `${path}: the split cannot be read`, { cause: error });
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`${path}: not a split: not valid JSON`, error);
  }
  const read = FILE.safeParse(value);
  if (!read.success) {
    const issue = read.error.issues[0];
    throw invalid(`${path}: not a split: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, read.error);
  }
  const { kind, folds, seed, from, data, fold } = read.data;
  const beyond = fold.find(([, number]) => number >= folds);
  const foldOf = new Map(fold);
  if (beyond !== undefined) throw invalid(`${path}: "${beyond[0]}" is in fold ${beyond[1]} of ${folds}`);
  if (foldOf.size !== data.rows) throw invalid(`${path}: ${data.rows} rows are promised, ${foldOf.size} are listed`);
  return {
    kind,
    folds,
    ...(seed === undefined ? {} : { seed }),
    ...(from === undefined ? {} : { from }),
    data,
    foldOf,
  };
}
