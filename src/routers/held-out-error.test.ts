import { expect, it } from 'vitest';
import { heldOutErrors } from './held-out-error.ts';

it('half of the optimism is the variance of a prediction, by hand', () => {
  // Seen rows are off by .1, the unseen one by .3: optimism (.09 − .01) / (2 · .09) = 4/9.
  const stderr = heldOutErrors(Float64Array.of(0.1, 0.1, 0.3), Float64Array.of(0, 0, 0), Int32Array.of(0, 0, 1), 1);
  const square = (0.01 + 0.01 + 0.09 + 0.75) / 6;
  expect(stderr[0]).toBeCloseTo(Math.sqrt(square * (4 / 9 + 1 / 4)), 12);
});

it('is at least the error of a mean, and that of a coin where nothing is recorded', () => {
  const none = Number.NaN;
  const stderr = heldOutErrors(Float64Array.of(0.5, 0.5), Float64Array.of(1, none), Int32Array.of(0), 2);
  expect(stderr[0]).toBeCloseTo(Math.sqrt(((0.25 + 0.75) / 4) * (1 / 2)), 12);
  expect(stderr[1]).toBeCloseTo(0.5, 12);
});
