import { describe, expect, it } from 'vitest';
import { createAdam } from './adam.ts';

describe('Adam', () => {
  it('takes the steps of Kingma and Ba by hand', () => {
    const theta = Float32Array.of(1);
    const adam = createAdam([theta], { rate: 0.1 });
    // m = .2, v = .004; m̂ = 2, v̂ = 4: the first step is α, whatever the gradient's size.
    adam.step([Float32Array.of(2)]);
    expect(theta[0]).toBeCloseTo(0.9, 6);
    // m = .9·.2 − .1 = .08, v = .999·.004 + .001 = .004996; m̂ = .08 / .19, v̂ = .004996 / .001999; step .0266337
    adam.step([Float32Array.of(-1)]);
    expect(theta[0]).toBeCloseTo(0.8733663, 6);
  });

  it('decays weights apart from the gradient, each array by its own share', () => {
    const decayed = Float32Array.of(1);
    const kept = Float32Array.of(1);
    const adam = createAdam([decayed, kept], { rate: 0.1, decay: [0.5] });
    adam.step([Float32Array.of(0), Float32Array.of(0)]);
    expect(decayed[0]).toBeCloseTo(0.95, 6);
    expect(kept[0]).toBe(1);
  });

  it('finds the bottom of a bowl', () => {
    const theta = Float32Array.of(3, -2);
    const adam = createAdam([theta], { rate: 0.05 });
    for (let t = 0; t < 1000; t++) {
      adam.step([Float32Array.of(2 * ((theta[0] ?? 0) - 1), 20 * ((theta[1] ?? 0) - 0.5))], 1 - t / 1000);
    }
    expect(theta[0]).toBeCloseTo(1, 3);
    expect(theta[1]).toBeCloseTo(0.5, 3);
  });

  it('refuses a step without a gradient', () => {
    expect(() => createAdam([Float32Array.of(1)]).step([])).toThrow(RangeError);
  });
});
