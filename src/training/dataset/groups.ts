import { createHash } from 'node:crypto';
import type { DatasetRow } from './row.ts';

/** A query as it is compared: NFKC, lower case, runs of white space as one blank. */
export function normaliseQuery(query: string): string {
  return query.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

/** One text per query that is the same but for case, white space and Unicode form; short however long the query is. */
export function groupKey(query: string): string {
  return createHash('sha256').update(normaliseQuery(query)).digest('base64');
}

/** The group of each row: rows of one group ask the same. Numbered from 0 in order of first occurrence. */
export function groupsOf(rows: readonly Pick<DatasetRow, 'query'>[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(rows, ({ query }) => {
    const key = groupKey(query);
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  });
}
