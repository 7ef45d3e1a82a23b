import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cheapestReaching, heightAt, hullOf, meanHeight } from './hull.ts';

const points = (...pairs: readonly (readonly [cost: number, quality: number])[]) => ({
  cost: Float64Array.from(pairs, ([cost]) => cost),
  quality: Float64Array.from(pairs, ([, quality]) => quality),
});

describe('hullOf', () => {
  it('keeps the corners of the concave, non-decreasing line', () => {
    // (2, .5) lies under the line from (1, .4) to (3, .8); (5, .7) is worse and dearer than (3, .8).
    const hull = hullOf([points([1, 0.4], [2, 0.5]), points([3, 0.8], [5, 0.7], [1, 0.3])]);
    expect([...hull.cost]).toEqual([1, 3]);
    expect([...hull.quality]).toEqual([0.4, 0.8]);
    expect(heightAt(hull, 2)).toBeCloseTo(0.6, 12);
    expect(heightAt(hull, 0.5)).toBe(0.4);
    expect(heightAt(hull, 9)).toBe(0.8);
  });

  it('lies on or over every point, never falls and bends only downwards', () => {
    const value = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 30 }), (pairs) => {
        const hull = hullOf([points(...pairs)]);
        for (const [cost, quality] of pairs) expect(heightAt(hull, cost)).toBeGreaterThanOrEqual(quality - 1e-9);
        for (let i = 1; i < hull.cost.length; i++) {
          expect(hull.quality[i] ?? 0).toBeGreaterThan(hull.quality[i - 1] ?? 0);
          expect(hull.cost[i] ?? 0).toBeGreaterThan(hull.cost[i - 1] ?? 0);
        }
      }),
    );
  });
});

describe('meanHeight', () => {
  it('is the area under the straight pieces over the width', () => {
    // .4 → .8 over 1..3, flat to 5: (1.2 + 1.6) / 4.
    expect(meanHeight(hullOf([points([1, 0.4], [3, 0.8])]), 1, 5)).toBeCloseTo(0.7, 12);
    // From the middle of a piece to the middle of it: .5 → .7.
    expect(meanHeight(hullOf([points([1, 0.4], [3, 0.8])]), 1.5, 2.5)).toBeCloseTo(0.6, 12);
  });

  it('is nothing where the best single model is the cheapest', () => {
    expect(meanHeight(hullOf([points([1, 0.4])]), 1, 1)).toBeNull();
  });
});

describe('cheapestReaching', () => {
  it('is a point, not a place on the hull', () => {
    const sweep = points([4, 0.9], [3, 0.85], [2.5, 0.86], [1, 0.5]);
    expect(cheapestReaching(sweep, 0.85)).toBe(2.5);
    expect(cheapestReaching(sweep, 0.95)).toBeNull();
  });
});
