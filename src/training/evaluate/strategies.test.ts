import { describe, expect, it } from 'vitest';
import { chooseByStrategies, chooseQualityFirst } from './strategies.ts';
import type { Forecast } from '../../decide/sweep.ts';

const forecast = (quality: readonly number[], cost: readonly number[] | null, stderr = 0): Forecast => ({
  quality: Float64Array.from(quality),
  cost: cost === null ? null : Float64Array.from(cost),
  stderr: new Float64Array(quality.length).fill(stderr),
});

describe('chooseQualityFirst', () => {
  it('takes the cheapest within one standard error of the difference to the best', () => {
    // √2 · .05 = .071: .85 is in, .8 is out.
    expect(chooseQualityFirst(forecast([0.8, 0.85, 0.9], [1, 2, 3], 0.05), 0, 3)).toBe(1);
    expect(chooseQualityFirst(forecast([0.8, 0.85, 0.9], [1, 2, 3]), 0, 3)).toBe(2);
    expect(chooseQualityFirst(forecast([0.9, 0.9, 0.9], [3, 1, 1]), 0, 3)).toBe(1);
  });

  it('takes the best where there are no costs', () => {
    expect(chooseQualityFirst(forecast([0.8, 0.85, 0.9], null, 0.5), 0, 3)).toBe(2);
  });
});

describe('chooseByStrategies', () => {
  // On the training rows `small` is as good as `large` on the first and wrong on the second, and the router knew it.
  const sample = {
    models: ['small', 'large'],
    quality: Float64Array.of(0.9, 0.9, 0.1, 0.9),
    score: Float64Array.of(1, 1, 0, 1),
    cost: Float64Array.of(1, 5, 1, 5),
  };

  it('applies the λ of the training rows to the test rows', () => {
    const choices = chooseByStrategies(forecast([0.88, 0.9, 0.05, 0.9], [1, 5, 1, 5]), sample, 'large');
    // To keep .98 of 1, λ may not reach .2, where the second training query would go to `small`.
    expect([...(choices.balanced ?? [])]).toEqual([0, 1]);
  });

  it('calls the reference itself when no λ keeps the promise or nothing is known', () => {
    const wrong = { ...sample, quality: Float64Array.of(0.9, 0.1, 0.9, 0.1) };
    const test = forecast([0.9, 0.1], [1, 5]);
    expect([...(chooseByStrategies(test, wrong, 'large').balanced ?? [])]).toEqual([1]);
    const unknown = { ...sample, score: sample.score.map(() => Number.NaN) };
    expect([...(chooseByStrategies(test, unknown, 'large')['cost-first'] ?? [])]).toEqual([1]);
  });

  it('has nothing to trade without costs', () => {
    expect(chooseByStrategies(forecast([0.2, 0.9], null), sample, 'large')).toEqual({
      'quality-first': Int32Array.of(1),
      balanced: null,
      'cost-first': null,
    });
  });
});
