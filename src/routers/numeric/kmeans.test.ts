import { describe, expect, it } from 'vitest';
import { kmeans } from './kmeans.ts';

describe('kmeans', () => {
  it('finds two groups on a line and their means', () => {
    const { centres, assignment, k } = kmeans(Float32Array.of(0, 1, 10, 11, 12), 5, 1, 2);
    expect(k).toBe(2);
    expect([...centres].sort((a, b) => a - b)).toEqual([0.5, 11]);
    expect(assignment[0]).toBe(assignment[1]);
    expect(assignment[2]).toBe(assignment[4]);
    expect(assignment[0]).not.toBe(assignment[2]);
  });

  it('takes fewer rows than centres, and rows that are all the same', () => {
    expect(kmeans(Float32Array.of(1, 2), 2, 1, 8).k).toBe(2);
    expect([...kmeans(new Float32Array(6).fill(3), 3, 2, 2).assignment]).toEqual([0, 0, 0]);
  });
});
