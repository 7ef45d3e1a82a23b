import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { failureOf, row, scratch } from './fixtures.ts';
import { groupsOf } from './groups.ts';
import { foldsFor, readSplit, splitByShare, splitByTime, splitIntoFolds, writeSplit } from './split.ts';

const { path, put } = scratch();

/** Ten queries, some asked twice, on ten days. */
const ROWS = Array.from({ length: 14 }, (_, i) =>
  row(`row ${i}`, `query ${i % 10}`, { m: 1 }, { date: `2024-05-${String(i + 1).padStart(2, '0')}` }),
);

function together(rows: typeof ROWS, folds: Int32Array): boolean {
  const groups = groupsOf(rows);
  return groups.every((group, i) => groups.every((other, j) => other !== group || folds[i] === folds[j]));
}

describe('splits', () => {
  it('never part rows that ask the same', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 10 }), fc.nat(), (k, seed) => {
        expect(together(ROWS, foldsFor(splitIntoFolds(ROWS, 'x', k, seed), ROWS))).toBe(true);
        expect(together(ROWS, foldsFor(splitByShare(ROWS, 'x', k / 12, seed), ROWS))).toBe(true);
        expect(together(ROWS, foldsFor(splitByTime(ROWS, 'x', 0.3), ROWS))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('are saved and loaded, whatever the ids, and hold for the same rows in any order', async () => {
    const odd = [row('__proto__', 'a', { m: 1 }), row('7', 'b', { m: 1 }), row('"\n', 'c', { m: 1 })];
    const splits = [
      splitIntoFolds(ROWS, 'set', 5, 7),
      splitByShare(ROWS, 'set', 0.2, 7),
      splitByTime(ROWS, 'set', 0.3),
    ];
    for (const split of [...splits, splitIntoFolds(odd, 'odd', 2, 1)]) {
      await writeSplit(path('split.json'), split);
      expect(await readSplit(path('split.json'))).toEqual(split);
    }
    const [folds] = splits;
    if (folds === undefined) throw new Error('no split');
    expect([...foldsFor(folds, ROWS.toReversed())]).toEqual([...foldsFor(folds, ROWS)].toReversed());
  });

  it('test on the latest days, but for queries that were asked before', () => {
    const split = splitByTime(ROWS, 'x', 0.5);
    expect(split).toMatchObject({ kind: 'time', folds: 2, from: '2024-05-08' });
    // Rows 7 to 9 are new from 8 May on; 10 to 13 repeat queries 0 to 3.
    expect([...foldsFor(split, ROWS)]).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0]);
  });

  it('refuse other data, and say how it differs', () => {
    const split = splitIntoFolds(ROWS, 'set', 5, 7);
    expect(() => foldsFor(split, ROWS.slice(1))).toThrow(
      'the split is of 14 rows of set, these are 13 rows that differ',
    );
    const renamed = [row('new', 'query 0', { m: 1 }), ...ROWS.slice(1)];
    expect(() => foldsFor(split, renamed)).toThrow('these are 14 rows that differ; "new" is not among them');
  });

  it('refuse what cannot be parted', () => {
    expect(() => splitIntoFolds(ROWS, 'x', 11, 1)).toThrow('11 folds of 10 different queries: 2 to 10 make sense');
    expect(() => splitByShare(ROWS, 'x', 1.5, 1)).toThrow('between 0 and 1');
    expect(() => splitByShare(ROWS.slice(0, 1), 'x', 0.5, 1)).toThrow('leaves one side empty');
    expect(() => splitByTime([row('a', 'x', { m: 1 })], 'x', 0.5)).toThrow('1 of 1 rows have no date, the first is a');
    expect(() => splitByTime(ROWS.slice(0, 1), 'x', 0.5)).toThrow('one side would be empty');
  });

  it('that are damaged are refused with the path', async () => {
    const bad = async (content: string) => failureOf(readSplit(await put('bad.json', content)));
    expect(await bad('{')).toBe('dataset_invalid: bad.json: not a split: not valid JSON');
    expect(await bad('{"version":2}')).toContain('dataset_invalid: bad.json: not a split: version');
    await writeSplit(path('good.json'), splitIntoFolds(ROWS, 'set', 5, 7));
    const good = JSON.stringify({
      version: 1,
      kind: 'folds',
      folds: 2,
      seed: 1,
      data: { name: 'x', rows: 2, ids: '0'.repeat(64) },
      fold: [['a', 0]],
    });
    expect(await bad(good)).toBe('dataset_invalid: bad.json: 2 rows are promised, 1 are listed');
    expect(await bad(good.replace('["a",0]', '["a",2],["b",0]'))).toBe(
      'dataset_invalid: bad.json: "a" is in fold 2 of 2',
    );
    expect(await failureOf(readSplit(path('none.json')))).toBe('invalid_request: none.json: the split cannot be read');
  });
});
