import { invalidAt, shown, stemOf, type Place } from '../place.ts';

/** An object of a JSON file. */
export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function numberIn(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return Number.NaN;
  const text = value.trim();
  if (text === '' || /^(?:nan|none|null|n\/a)$/i.test(text)) return undefined;
  if (/^true$/i.test(text)) return 1;
  if (/^false$/i.test(text)) return 0;
  return Number(text);
}

/**
 * A score as others write it: a number 0..1, true or false, or such a number as text; undefined where there is none
 * (null, an empty cell, NaN).
 * @throws `dataset_invalid` for anything else.
 */
export function scoreOf(value: unknown, name: string, place: Place): number | undefined {
  if (value === undefined || value === null) return undefined;
  const score = numberIn(value);
  if (score === undefined || (score >= 0 && score <= 1)) return score;
  throw invalidAt(place, `${name}: expected a score 0..1, got ${shown(value)}`);
}

/**
 * A count, cost or time: a number of at least 0, or undefined where there is none.
 * @throws `dataset_invalid` for anything else.
 */
export function amountOf(value: unknown, name: string, place: Place): number | undefined {
  if (value === undefined || value === null) return undefined;
  const amount = typeof value === 'boolean' ? Number.NaN : numberIn(value);
  if (amount === undefined || (amount >= 0 && amount < Number.POSITIVE_INFINITY)) return amount;
  throw invalidAt(place, `${name}: expected a number of at least 0, got ${shown(value)}`);
}

/** A text that must be there. */
export function textOf(value: unknown, name: string, place: Place): string {
  if (typeof value === 'string' && value !== '') return value;
  throw invalidAt(place, `${name}: expected a text, got ${shown(value)}`);
}

/** What a file's name says of its rows: `mmlu_train.json` is the benchmark `mmlu`, split `train`. */
export function namedBy(file: string): { readonly benchmark: string; readonly split?: string } {
  const stem = stemOf(file);
  const [, benchmark, split] = /^(.+)[-_](train|test|validation|val|dev)$/i.exec(stem) ?? [];
  if (benchmark === undefined || split === undefined) return { benchmark: stem };
  return { benchmark, split: split.toLowerCase() };
}
