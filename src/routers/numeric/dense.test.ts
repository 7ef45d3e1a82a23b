import { describe, expect, it } from 'vitest';
import { cholesky, choleskySolve, gram, symmetricEigen } from './dense.ts';

describe('cholesky', () => {
  it('factors and solves by hand: [[4, 2], [2, 3]] = L·Lᵀ with L = [[2, 0], [1, √2]]', () => {
    const l = cholesky(Float64Array.of(4, 2, 2, 3), 2);
    expect([...l]).toEqual([2, 0, 1, Math.SQRT2]);
    // 4x + 2y = 8, 2x + 3y = 8 → x = 1, y = 2; the second column doubled.
    const x = choleskySolve(l, 2, Float64Array.of(8, 16, 8, 16), 2);
    expect([...x].map((value) => Number(value.toFixed(12)))).toEqual([1, 2, 2, 4]);
  });
});

describe('gram', () => {
  it('is Xᵀ·Y, whether rows go by fours or are left over', () => {
    const x = Float64Array.of(1, 2, 3, 4);
    expect([...gram(x, 2, Float64Array.of(1, 10), 1, 2)]).toEqual([31, 42]);
    const ones = new Float64Array(6).fill(1);
    expect([...gram(Float64Array.of(1, 2, 3, 4, 5, 6), 1, ones, 1, 6)]).toEqual([21]);
  });
});

describe('symmetricEigen', () => {
  it('finds 3 and 1 in [[2, 1], [1, 2]], with (1, 1)/√2 first', () => {
    const { values, vectors } = symmetricEigen(Float64Array.of(2, 1, 1, 2), 2);
    expect(values[0]).toBeCloseTo(3, 12);
    expect(values[1]).toBeCloseTo(1, 12);
    expect(Math.abs(vectors[0] ?? 0)).toBeCloseTo(Math.SQRT1_2, 12);
    expect(vectors[0]).toBeCloseTo(vectors[2] ?? 0, 12);
  });

  it('gives back the matrix', () => {
    const a = Float64Array.of(5, 1, 2, 1, 4, 0, 2, 0, 3);
    const { values, vectors } = symmetricEigen(a, 3);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += (vectors[i * 3 + k] ?? 0) * (values[k] ?? 0) * (vectors[j * 3 + k] ?? 0);
        expect(sum).toBeCloseTo(a[i * 3 + j] ?? 0, 10);
      }
    }
  });
});
