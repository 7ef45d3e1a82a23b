import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foldsOf, holdOutOf, rowsOfFold } from './folds.ts';

const groupList = fc.array(fc.nat(40), { maxLength: 200 }).map((list) => Int32Array.from(list));

function sizesOf(folds: Int32Array, k: number): number[] {
  const sizes = Array.from({ length: k }, () => 0);
  for (const fold of folds) sizes[fold] = (sizes[fold] ?? 0) + 1;
  return sizes;
}

function largestGroup(groups: Int32Array): number {
  return Math.max(0, ...groups.map((group) => groups.filter((other) => other === group).length));
}

describe('foldsOf', () => {
  it('never splits a group, and no fold is larger than another by more than the largest group', () => {
    fc.assert(
      fc.property(groupList, fc.integer({ min: 1, max: 9 }), fc.nat(), (groups, k, seed) => {
        const folds = foldsOf(groups, k, seed);
        const foldOf = new Map<number, number>();
        for (const [row, group] of groups.entries()) {
          const fold = folds[row] ?? -1;
          expect(fold).toBeGreaterThanOrEqual(0);
          expect(fold).toBeLessThan(k);
          expect(foldOf.get(group) ?? fold).toBe(fold);
          foldOf.set(group, fold);
        }
        const sizes = sizesOf(folds, k);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(largestGroup(groups));
      }),
    );
  });

  it('gives the same folds for the same seed and others for another; distinct queries differ by one row at most', () => {
    const groups = Int32Array.from({ length: 103 }, (_, i) => i);
    expect(foldsOf(groups, 5, 7)).toEqual(foldsOf(groups, 5, 7));
    expect(foldsOf(groups, 5, 7)).not.toEqual(foldsOf(groups, 5, 8));
    expect(sizesOf(foldsOf(groups, 5, 7), 5)).toEqual([21, 21, 21, 20, 20]);
  });

  it('does not mind what groups are called', () => {
    const groups = Int32Array.of(0, 1, 1, 2, 3, 0);
    expect(foldsOf(groups, 3, 1)).toEqual(
      foldsOf(
        groups.map((group) => 900 - 13 * group),
        3,
        1,
      ),
    );
  });

  it('refuses folds that make no sense, and leaves some empty when there are too few groups', () => {
    expect(() => foldsOf(Int32Array.of(0), 0, 1)).toThrow(RangeError);
    expect(() => foldsOf(Int32Array.of(0), 1.5, 1)).toThrow(RangeError);
    expect(new Set(foldsOf(Int32Array.of(4, 4, 4), 5, 1)).size).toBe(1);
    expect(foldsOf(new Int32Array(0), 5, 1)).toHaveLength(0);
  });
});

describe('holdOutOf', () => {
  it('never splits a group, and comes as close to the share as half the largest group', () => {
    fc.assert(
      fc.property(groupList, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (groups, share, seed) => {
        const sides = holdOutOf(groups, share, seed);
        const sideOf = new Map<number, number>();
        for (const [row, group] of groups.entries()) {
          const side = sides[row] ?? -1;
          expect(sideOf.get(group) ?? side).toBe(side);
          sideOf.set(group, side);
        }
        const held = sides.reduce((sum, side) => sum + side, 0);
        const wanted = Math.round(share * groups.length);
        expect(Math.abs(held - wanted)).toBeLessThanOrEqual(largestGroup(groups) / 2);
      }),
    );
  });

  it('refuses a share outside 0..1', () => {
    expect(() => holdOutOf(Int32Array.of(0), 1.2, 1)).toThrow(RangeError);
  });
});

describe('rowsOfFold', () => {
  it('parts the rows into those of the fold and the others, in order', () => {
    const { inside, outside } = rowsOfFold(Int32Array.of(0, 1, 0, 2), 0);
    expect([...inside]).toEqual([0, 2]);
    expect([...outside]).toEqual([1, 3]);
  });
});
