import { describe, expect, it } from 'vitest';
import { rowOf, stackRows } from './csr.ts';
import { fitLsa, project } from './lsa.ts';

const row = (...entries: [number, number][]) => ({
  columns: Int32Array.from(entries, ([column]) => column),
  values: Float32Array.from(entries, ([, value]) => value),
});

describe('lsa', () => {
  it('finds the two directions of a matrix of rank two and keeps distances between its rows', () => {
    const x = stackRows([row([0, 3], [1, 3]), row([0, 1], [1, 1]), row([2, 2]), row([2, 1])], 4);
    const lsa = fitLsa(x, 2);
    const points = [0, 1, 2, 3].map((i) => project(lsa, rowOf(x, i)));
    const gap = (i: number, j: number) =>
      Math.hypot(...[0, 1].map((c) => (points[i]?.[c] ?? 0) - (points[j]?.[c] ?? 0)));
    // Between the first two rows (2, 2, 0, 0): √8. Between the last two: 1.
    expect(gap(0, 1)).toBeCloseTo(Math.sqrt(8), 4);
    expect(gap(2, 3)).toBeCloseTo(1, 4);
    // Orthogonal rows stay so: √(3² + 3² + 2²).
    expect(gap(0, 2)).toBeCloseTo(Math.sqrt(22), 4);
  });

  it('is the same to the bit for the same seed, and takes more directions than there are rows', () => {
    const x = stackRows([row([0, 1], [3, 0.5]), row([1, 1])], 4);
    expect(fitLsa(x, 8)).toEqual(fitLsa(x, 8));
    expect(fitLsa(x, 8).basis.every(Number.isFinite)).toBe(true);
    expect([...project(fitLsa(x, 8), row())]).toEqual(Array.from({ length: 8 }, () => 0));
  });
});
