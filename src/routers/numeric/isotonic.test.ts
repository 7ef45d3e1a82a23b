import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitIsotonic, isotonicAt } from './isotonic.ts';

describe('isotonic regression', () => {
  it('pools neighbours that go down: by hand', () => {
    // 1, 3, 2, 4 → 1, 2.5, 2.5, 4; the pooled block stands at (2 + 3) / 2.
    const blocks = fitIsotonic(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 3, 2, 4));
    expect([...blocks.centres]).toEqual([1, 2.5, 4]);
    expect([...blocks.values]).toEqual([1, 2.5, 4]);
    expect(isotonicAt(blocks, 0)).toBe(1);
    expect(isotonicAt(blocks, 1.75)).toBeCloseTo(1.75, 12);
    expect(isotonicAt(blocks, 9)).toBe(4);
  });

  it('takes the mean where x is the same, and weighs blocks by their points', () => {
    // Two points at 1 with mean .5, then 0 at 2: one block at (1 + 1 + 2) / 3 worth 1/3.
    const { centres, values } = fitIsotonic(Float64Array.of(1, 2, 1), Float64Array.of(1, 0, 0));
    expect(centres[0]).toBeCloseTo(4 / 3, 12);
    expect(values[0]).toBeCloseTo(1 / 3, 12);
    expect(values).toHaveLength(1);
  });

  it('is nothing without points', () => {
    expect(isotonicAt(fitIsotonic(new Float64Array(0), new Float64Array(0)), 0.4)).toBe(0.4);
  });

  it('never goes down, keeps the mean and does not depend on the order of points', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, unit), { minLength: 1, maxLength: 40 }), (points) => {
        const x = Float64Array.from(points, ([each]) => each);
        const y = Float64Array.from(points, ([, each]) => each);
        const blocks = fitIsotonic(x, y);
        for (let i = 1; i < blocks.values.length; i++) {
          expect(blocks.values[i]).toBeGreaterThan(blocks.values[i - 1] ?? 1);
          expect(blocks.centres[i]).toBeGreaterThanOrEqual(blocks.centres[i - 1] ?? 1);
        }
        const turned = fitIsotonic(x.toReversed(), y.toReversed());
        expect(turned.values).toHaveLength(blocks.values.length);
        for (const [i, value] of blocks.values.entries()) expect(turned.values[i]).toBeCloseTo(value, 9);
      }),
    );
  });
});
