import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestNames } from './nearest.ts';

describe('editDistance', () => {
  it('gives the distances of the textbook examples', () => {
    expect(editDistance('kitten', 'sitting', 10)).toBe(3);
    expect(editDistance('saturday', 'sunday', 10)).toBe(3);
    expect(editDistance('', 'abc', 10)).toBe(3);
  });

  it('is symmetric, zero only for equal strings, and never above the longer length', () => {
    const word = fc.string({ maxLength: 12 });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b, 100);
        expect(distance).toBe(editDistance(b, a, 100));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });

  it('says only that it is above the limit when it is', () => {
    expect(editDistance('aaaaaaaa', 'bbbbbbbb', 3)).toBe(4);
  });
});

describe('nearestNames', () => {
  const known = ['gpt-4o-mini', 'gpt-4o', 'claude-haiku', 'auto', 'role/engineer'];

  it('finds the name behind a typing error, nearest first', () => {
    expect(nearestNames('gtp-4o-mini', known)[0]).toBe('gpt-4o-mini');
    expect(nearestNames('claude-hiaku', known)).toEqual(['claude-haiku']);
    expect(nearestNames('engineer', known)).toEqual(['role/engineer']);
  });

  it('gives at most three names, and none when nothing is near', () => {
    expect(nearestNames('m1', ['m2', 'm3', 'm4', 'm5'])).toHaveLength(3);
    expect(nearestNames('something-else-entirely', known)).toEqual([]);
    expect(nearestNames('', known)).toEqual([]);
  });
});
