import { describe, expect, it } from 'vitest';
import { combine, meanWeights, stackWeights } from './recipes.ts';

const forecasts = {
  names: ['a', 'b'],
  // One row of two models a line. Part a tells half of the truth, part b nothing.
  deviations: [Float64Array.of(0.1, -0.1, -0.2, 0.2), Float64Array.of(0.1, 0.1, 0.1, 0.1)],
  means: Float64Array.of(0.5, 0.5, 0.5, 0.5),
};

describe('recipes', () => {
  it('weigh the parts of a plain mean alike, and know when one is missing', () => {
    expect(meanWeights({ name: 'both', parts: ['a', 'b'] }, ['a', 'b'])).toEqual([0.5, 0.5]);
    expect(meanWeights({ name: 'one', parts: ['b'] }, ['a', 'b'])).toEqual([0, 1]);
    expect(meanWeights({ name: 'more', parts: ['a', 'c'] }, ['a', 'b'])).toBeUndefined();
  });

  it('stack by hand: what moves all models alike gets no weight, half of the truth counts double', () => {
    const weights = stackWeights(forecasts, Float64Array.of(0.7, 0.3, 0.1, 0.9), 2, () => true);
    expect(weights[0]).toBeCloseTo(2, 9);
    expect(weights[1]).toBe(0);
  });

  it('stack without the scores that are missing', () => {
    expect(stackWeights(forecasts, Float64Array.of(0.7, Number.NaN, Number.NaN, 0.9), 2, () => true)).toEqual([0, 0]);
  });

  it('give the weight of a part that abstains on a row to the others there', () => {
    const NONE = Number.NaN;
    const silent = {
      ...forecasts,
      deviations: [Float64Array.of(NONE, NONE, -0.2, 0.2), forecasts.deviations[1] ?? forecasts.means],
    };
    expect([...combine(silent, [2, 1], 2)].map((q) => Number(q.toFixed(9)))).toEqual([0.8, 0.8, 0.2, 1]);
    // Alone, it leaves the mean; weights are learnt from the other row.
    expect([...combine(silent, [1, 0], 2)].map((q) => Number(q.toFixed(9)))).toEqual([0.5, 0.5, 0.3, 0.7]);
    expect(stackWeights(silent, Float64Array.of(0, 1, 0.1, 0.9), 2, () => true)[0]).toBeCloseTo(2, 9);
  });

  it('sum around the means, within 0..1', () => {
    expect([...combine(forecasts, [2, 1], 2)].map((q) => Number(q.toFixed(9)))).toEqual([0.8, 0.4, 0.2, 1]);
  });
});
