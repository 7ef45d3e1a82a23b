import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares } from './nonnegative.ts';

describe('nonNegativeLeastSquares', () => {
  it('solves by hand where the free solution is positive: 2x + y = 4, x + 2y = 5 → (1, 2)', () => {
    const w = nonNegativeLeastSquares(Float64Array.of(2, 1, 1, 2), Float64Array.of(4, 5));
    expect(w[0]).toBeCloseTo(1, 6);
    expect(w[1]).toBeCloseTo(2, 6);
  });

  it('holds at 0 what would be negative, and solves for the rest: (−, 3/2)', () => {
    const w = nonNegativeLeastSquares(Float64Array.of(2, 1, 1, 2), Float64Array.of(0, 3));
    expect(w[0]).toBe(0);
    expect(w[1]).toBeCloseTo(1.5, 9);
  });

  it('leaves a column of zeros out', () => {
    expect([...nonNegativeLeastSquares(Float64Array.of(0, 0, 0, 1), Float64Array.of(1, 2))]).toEqual([0, 2]);
  });
});
