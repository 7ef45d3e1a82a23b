import type { Json } from '../trained.ts';

/** Nesting that no router needs. */
const MAX_DEPTH = 64;

/**
 * JSON with sorted keys and without white space: equal values give equal text, and reading it gives the same numbers to
 * the bit, −0 included.
 * @throws RangeError for what JSON cannot hold: NaN, infinities, undefined, functions, nesting without end.
 */
export function canonicalJson(value: Json, depth = 0): string {
  if (depth > MAX_DEPTH) throw new RangeError(`JSON is nested more than ${MAX_DEPTH} deep`);
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw new RangeError(`JSON cannot hold ${value}`);
    return Object.is(value, -0) ? '-0' : String(value);
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item, depth + 1)).join(',')}]`;
  if (typeof value !== 'object') throw new RangeError(`JSON cannot hold ${typeof value}`);
  const fields = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonicalJson(item, depth + 1)}`);
  return `{${fields.join(',')}}`;
}
