import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lambdaFor, lambdaForBudget, type LambdaSample } from './lambda.ts';

/**
 * Two queries, three models. Small costs 1, large 3, huge 9. On the first query a dollar buys .1 between small and large
 * and .01 to huge; on the second .3 and .02.
 */
const SAMPLE: LambdaSample = {
  models: ['small', 'large', 'huge'],
  quality: Float32Array.of(0.5, 0.7, 0.76, 0.1, 0.7, 0.82),
  score: Float32Array.of(1, 1, 1, 0, 1, 1),
  cost: Float64Array.of(1, 3, 9, 1, 3, 9),
};
const ALL = ['small', 'large', 'huge'];

describe('lambdaFor', () => {
  it('finds the last change of choice that keeps the quality', () => {
    // Changes: huge → large at .01 and .02, large → small at .1 (still right) and at .3 (wrong: mean .5): just below .3.
    const all = lambdaFor(SAMPLE, ALL, 0.98);
    expect(all).toMatchObject({ met: true, quality: 1, costUsd: 2, target: 0.98, rows: 2 });
    expect(all?.lambda).toBeCloseTo(0.3, 5);
    expect(all?.lambda).toBeLessThan(0.3);
    const half = lambdaFor(SAMPLE, ALL, 0.5);
    expect(half).toMatchObject({ lambda: Infinity, met: true, quality: 0.5, costUsd: 1 });
  });

  it('restricts the sample to the candidates and takes the best of them as reference', () => {
    // Without large, huge → small at .26/8 and .72/8: one change keeps 1, two leave .5.
    const two = lambdaFor(SAMPLE, ['huge', 'small'], 1);
    expect(two).toMatchObject({ met: true, quality: 1, costUsd: 5 });
    expect(two?.lambda).toBeCloseTo(0.72 / 8, 5);
  });

  it('measures against a named reference, candidate or not', () => {
    expect(lambdaFor(SAMPLE, ALL, 0.98, 'small')).toMatchObject({ lambda: Infinity, target: 0.49 });
    expect(lambdaFor(SAMPLE, ['small'], 0.9, 'huge')).toMatchObject({ met: false, quality: 0.5, target: 0.9 });
    expect(lambdaFor(SAMPLE, ALL, 0.9, 'unheard-of')).toBeUndefined();
  });

  it('says that it is not met and comes as near as it can', () => {
    const wrong: LambdaSample = { ...SAMPLE, quality: Float32Array.of(0.9, 0.1, 0.1, 0.9, 0.1, 0.1) };
    // The router always prefers small, the cheapest: there is nothing to change to.
    expect(lambdaFor(wrong, ALL, 0.98)).toMatchObject({ met: false, quality: 0.5, costUsd: 1 });
  });

  it('looks only at rows where every candidate has a score and a cost', () => {
    const holes: LambdaSample = { ...SAMPLE, score: Float32Array.of(1, 1, Number.NaN, 0, 1, 1) };
    expect(lambdaFor(holes, ALL, 0.98)?.rows).toBe(1);
    expect(lambdaFor(holes, ['small', 'large'], 0.98)?.rows).toBe(2);
    expect(lambdaFor({ ...SAMPLE, cost: SAMPLE.cost.map(() => Number.NaN) }, ALL, 0.98)).toBeUndefined();
    expect(lambdaFor(SAMPLE, ['unheard-of'], 0.98)).toBeUndefined();
  });
});

describe('lambdaForBudget', () => {
  it('finds the smallest λ whose mean expected cost fits', () => {
    expect(lambdaForBudget(SAMPLE, ALL, 9)).toMatchObject({ lambda: 0, met: true, costUsd: 9 });
    const six = lambdaForBudget(SAMPLE, ALL, 6);
    expect(six).toMatchObject({ met: true, costUsd: 6 });
    expect(six?.lambda).toBeCloseTo(0.01, 6);
    expect(lambdaForBudget(SAMPLE, ALL, 0.5)).toMatchObject({ lambda: Infinity, met: false, costUsd: 1 });
  });
});

describe('on any sample', () => {
  const value = fc.double({ min: 0, max: 1, noNaN: true });
  const samples = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 12 })).chain(([m, n]) =>
    fc
      .tuple(...['q', 's', 'c'].map(() => fc.array(value, { minLength: n * m, maxLength: n * m })))
      .map(([q = [], s = [], c = []]): LambdaSample => ({
        models: Array.from({ length: m }, (_, j) => `m${j}`),
        quality: Float64Array.from(q),
        score: Float64Array.from(s),
        cost: Float64Array.from(c),
      })),
  );

  it('a smaller share to keep never means a smaller λ, and the order of candidates does not matter', () => {
    fc.assert(
      fc.property(samples, value, value, (sample, a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const strict = lambdaFor(sample, sample.models, high);
        const loose = lambdaFor(sample, sample.models.toReversed(), low);
        if (strict?.met === true) expect(loose?.lambda).toBeGreaterThanOrEqual(strict.lambda);
        expect(lambdaFor(sample, sample.models.toReversed(), high)).toEqual(strict);
      }),
    );
  });

  it('a larger budget never buys a larger λ', () => {
    fc.assert(
      fc.property(samples, value, value, (sample, a, b) => {
        const poor = lambdaForBudget(sample, sample.models, Math.min(a, b));
        const rich = lambdaForBudget(sample, sample.models, Math.max(a, b));
        expect(rich?.lambda).toBeLessThanOrEqual(poor?.lambda ?? 0);
      }),
    );
  });
});
