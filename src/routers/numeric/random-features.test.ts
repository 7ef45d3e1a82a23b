import { describe, expect, it } from 'vitest';
import { drawRandomFeatures, randomFeaturesOf } from './random-features.ts';

describe('random Fourier features', () => {
  it('are √(2/D)·cos(ω·x + b): by hand', () => {
    const map = {
      inputs: 2,
      size: 2,
      frequencies: Float32Array.of(1, 2, 0, -1),
      phases: Float32Array.of(0, Math.PI / 2),
    };
    const out = new Float64Array(3);
    randomFeaturesOf(map, [0.5, 0.25], out, 1, 3);
    // √(2/2) = 1, times 3: 3·cos(1) = 1.6209 and 3·cos(π/2 − .25) = 3·sin(.25) = .7422.
    expect(out[0]).toBe(0);
    expect(out[1]).toBeCloseTo(1.6209, 4);
    expect(out[2]).toBeCloseTo(0.7422, 4);
  });

  it('have inner products near the Gaussian kernel, exp(−γ‖x − y‖²)', () => {
    const map = drawRandomFeatures(3, 4000, 0.4, 7);
    const z = (x: readonly number[]): Float64Array => {
      const out = new Float64Array(map.size);
      randomFeaturesOf(map, x, out);
      return out;
    };
    const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    for (const [x, y] of [
      [
        [0, 0, 0],
        [0, 0, 0],
      ],
      [
        [1, 0, 0],
        [0, 0.5, 0],
      ],
      [
        [1, 2, -1],
        [0, 0, 1],
      ],
    ] satisfies [number[], number[]][]) {
      const distance = x.reduce((sum, value, i) => sum + (value - (y[i] ?? 0)) ** 2, 0);
      // Standard error of a mean of 4000 terms of variance ≤ 1.5: .02.
      expect(Math.abs(dot(z(x), z(y)) - Math.exp(-0.4 * distance))).toBeLessThan(0.06);
    }
  });

  it('are the same for the same seed and others for another', () => {
    expect(drawRandomFeatures(4, 8, 1, 7)).toEqual(drawRandomFeatures(4, 8, 1, 7));
    expect(drawRandomFeatures(4, 8, 1, 7)).not.toEqual(drawRandomFeatures(4, 8, 1, 8));
  });
});
