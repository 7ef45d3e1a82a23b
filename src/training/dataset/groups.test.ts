import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deduplicate } from './deduplicate.ts';
import { row } from './fixtures.ts';
import { groupsOf, normaliseQuery } from './groups.ts';
import { summarise } from './summary.ts';

describe('groups', () => {
  it('takes queries that differ in case, white space and Unicode form for one', () => {
    const queries = ['What is ½ of 4?', '  what IS\t\n½ of 4? ', 'What is 1⁄2 of 4?', 'Café', 'Cafe\u0301', 'Cafe'];
    expect([...groupsOf(queries.map((query) => ({ query })))]).toEqual([0, 0, 0, 1, 1, 2]);
  });

  it('normalises once and for all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const once = normaliseQuery(text);
        expect(normaliseQuery(`  ${once}\n`)).toBe(once);
      }),
    );
  });
});

describe('deduplicate', () => {
  it('merges rows that say the same and takes the mean of their amounts, where recorded', () => {
    const twice = deduplicate([
      { ...row('a', 'Hi', {}), outcomes: { m: { score: 1, costUsd: 1, outputTokens: 8 }, n: { score: 0 } } },
      row('b', 'Ho', { m: 1 }),
      { ...row('c', ' hi ', {}), outcomes: { n: { score: 0 }, m: { score: 1, costUsd: 3, latencyS: 2 } } },
    ]);
    expect(twice.merged).toBe(1);
    expect(twice.rows).toEqual([
      {
        ...row('a', 'Hi', {}),
        outcomes: { m: { score: 1, costUsd: 2, outputTokens: 8, latencyS: 2 }, n: { score: 0 } },
      },
      row('b', 'Ho', { m: 1 }),
    ]);
  });

  it('keeps rows of one query with other scores, models or tools: they are one group', () => {
    const rows = [
      row('a', 'Hi', { m: 1 }),
      row('b', 'hi', { m: 0 }),
      row('c', 'hi', { m: 1, n: 1 }),
      row('d', 'hi', { m: 1 }, { tools: ['x'] }),
    ];
    expect(deduplicate(rows)).toEqual({ rows, merged: 0 });
    expect(summarise(rows).groups).toBe(1);
  });
});
