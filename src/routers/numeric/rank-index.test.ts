import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankIndex, rankOf } from './rank-index.ts';

describe('an index of ranks', () => {
  it('tells the place of every member and −1 for all others', () => {
    const members = fc.uniqueArray(fc.nat(999)).map((list) => Int32Array.from(list).sort());
    fc.assert(
      fc.property(members, (list) => {
        const index = rankIndex(list, 1000);
        for (let number = 0; number < 1000; number++) expect(rankOf(index, number)).toBe(list.indexOf(number));
      }),
      { numRuns: 20 },
    );
  });

  it('holds the last bit of a word and the last number', () => {
    const index = rankIndex(Int32Array.of(31, 32, 63, 99), 100);
    expect([0, 31, 32, 62, 63, 99].map((number) => rankOf(index, number))).toEqual([-1, 0, 1, -1, 2, 3]);
  });

  it('refuses what does not ascend, is twice there or is too large', () => {
    for (const members of [[2, 1], [1, 1], [100], [-1]]) {
      expect(() => rankIndex(Int32Array.from(members), 100)).toThrow(RangeError);
    }
  });
});
