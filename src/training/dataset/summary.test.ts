import { describe, expect, it } from 'vitest';
import { row } from './fixtures.ts';
import { hashOfRows, summarise } from './summary.ts';

describe('summarise', () => {
  it('counts, and finds the best single model and the oracle', () => {
    const rows = [
      {
        ...row('a', 'x', {}, { benchmark: 'maths' }),
        outcomes: { m: { score: 1, costUsd: 2 }, n: { score: 0.5, costEstUsd: 1 } },
      },
      {
        ...row('b', 'X', {}, { benchmark: 'maths', date: '2024-01-01' }),
        outcomes: { m: { score: 0 }, n: { score: 0.75 } },
      },
      { ...row('c', 'y', {}), outcomes: { m: { score: 0.5, costUsd: 4 } } },
      { ...row('d', 'z', {}), outcomes: { n: { score: 0 }, lucky: { score: 1 } } },
    ];
    expect(summarise(rows)).toEqual({
      rows: 4,
      groups: 3,
      models: [
        { name: 'lucky', rows: 1, quality: 1, costUsd: null, costShare: 0 },
        { name: 'm', rows: 3, quality: 0.5, costUsd: 3, costShare: 2 / 3 },
        { name: 'n', rows: 3, quality: 1.25 / 3, costUsd: 1, costShare: 1 / 3 },
      ],
      labels: [
        { name: '', rows: 2 },
        { name: 'maths', rows: 2 },
      ],
      missing: 1 - 7 / 12,
      // One lucky row is not a best model.
      bestSingle: { name: 'm', rows: 3, quality: 0.5, costUsd: 3, costShare: 2 / 3 },
      oracle: (1 + 0.75 + 0.5 + 1) / 4,
      dated: 1,
      hash: hashOfRows(rows),
      warnings: ['lucky has a score in 1 of 4 rows (25 %)'],
    });
    expect(summarise(rows, ['n']).oracle).toBe(1.25 / 3);
  });

  it('has a hash that follows the rows, not their order or that of their models', () => {
    const rows = [row('a', 'x', { m: 1, n: 0 }), row('b', 'y', { m: 0 })];
    const same = [row('b', 'y', { m: 0 }), row('a', 'x', { n: 0, m: 1 })];
    const other = [row('a', 'x', { m: 1, n: 0 }), row('b', 'y', { m: 0.1 })];
    expect(hashOfRows(same)).toBe(hashOfRows(rows));
    expect(hashOfRows(other)).not.toBe(hashOfRows(rows));
  });

  it('has nothing to say of no rows', () => {
    expect(summarise([])).toMatchObject({ rows: 0, groups: 0, bestSingle: null, missing: 0, warnings: [] });
  });
});
