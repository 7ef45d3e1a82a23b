import { groupKey } from './groups.ts';
import type { DatasetRow, RowOutcome } from './row.ts';

const AMOUNTS = ['costUsd', 'inputTokens', 'outputTokens', 'outputChars', 'latencyS', 'costEstUsd'] as const;

/** Rows with the same key ask the same with the same tools and ended with the same scores. */
function keyOf({ query, tools = [], outcomes }: DatasetRow): string {
  const scores = Object.entries(outcomes).map(([model, { score }]) => [model, score] as const);
  scores.sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([groupKey(query), tools, scores]);
}

/** The outcomes of rows with one key: scores are equal, other numbers are the mean of those that are recorded. */
function merged(rows: readonly DatasetRow[], first: DatasetRow): DatasetRow {
  const outcomes = Object.keys(first.outcomes).map((model) => {
    const same = rows.flatMap((row) => row.outcomes[model] ?? []);
    const outcome: { -readonly [K in keyof RowOutcome]: RowOutcome[K] } = { score: same[0]?.score ?? 0 };
    for (const name of AMOUNTS) {
      const known = same.flatMap((one) => one[name] ?? []);
      if (known.length > 0) outcome[name] = known.reduce((sum, value) => sum + value, 0) / known.length;
    }
    return [model, outcome] as const;
  });
  return { ...first, outcomes: Object.fromEntries(outcomes) };
}

/**
 * Merges rows that say the same: one query (but for case, white space and Unicode form) with the same tools and the same
 * scores. The first row's id, texts and labels stay; costs, tokens and times become means. Rows of one query with other
 * scores are kept: they are one group, which no split parts.
 */
export function deduplicate(rows: readonly DatasetRow[]): { readonly rows: DatasetRow[]; readonly merged: number } {
  const same = new Map<string, DatasetRow[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const list = same.get(key);
    if (list === undefined) same.set(key, [row]);
    else list.push(row);
  }
  const kept = [...same.values()].flatMap((list) => {
    const [first] = list;
    if (first === undefined) return [];
    return [list.length === 1 ? first : merged(list, first)];
  });
  return { rows: kept, merged: rows.length - kept.length };
}
