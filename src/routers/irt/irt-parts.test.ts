import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackRows } from '../numeric/csr.ts';
import { fitItems, observedOf, specialAbilities } from './fit.ts';
import {
  anyAbility,
  declaredAbility,
  estimateAbility,
  fitPopulation,
  logitOf,
  meanQuality,
  type Items,
} from './population.ts';

const NONE = Number.NaN;
const standard = { mean: Float64Array.of(0), covariance: Float64Array.of(1) };
const exact = { maxIterations: 100, tolerance: 1e-9 };
const column = (n: number) =>
  stackRows(
    Array.from({ length: n }, () => ({ columns: Int32Array.of(0), values: Float32Array.of(1) })),
    1,
  );

describe('recorded scores', () => {
  it('are kept row by row, and nothing else', () => {
    expect(observedOf(Float64Array.of(1, NONE, NONE, NONE, 0.5, 0), 2)).toEqual({
      starts: Int32Array.of(0, 1, 1, 3),
      models: Int32Array.of(0, 0, 1),
      scores: Float64Array.of(1, 0.5, 0),
    });
  });
});

describe('items', () => {
  it('are the posterior mode: by hand', () => {
    // One row, score 1: c is held to the logit of (1 + ½) / 2, ln 3, with weight .1, and b to 0 with weight 1. With the
    // residual e = σ(c − b) − 1, c = ln 3 − 10·e and b = e, so that c − b = ln 3 + 11·σ(−(c − b)) = 2.1979.
    const start = { items: new Float64Array(1), general: Float64Array.of(0) };
    const { items, general } = fitItems(
      column(1),
      observedOf(Float64Array.of(1), 1),
      new Float64Array(0),
      start,
      { difficulty: 1, discrimination: 1 },
      exact,
    );
    expect(general[0]).toBeCloseTo(2.098, 3);
    expect(items[0]).toBeCloseTo(-0.0999, 3);
  });

  it('tell models apart by the direction in which they differ', () => {
    // Two columns; the first model is right on one, the second on the other: θ = (1, −1) or (−1, 1).
    const x = stackRows(
      Array.from({ length: 8 }, (_, i) => ({ columns: Int32Array.of(i % 2), values: Float32Array.of(1) })),
      2,
    );
    const scores = Float64Array.from({ length: 16 }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0));
    const priors = { difficulty: 1, discrimination: 1 };
    const { theta, start } = specialAbilities(x, observedOf(scores, 2), 2, 1, priors, exact);
    const [first = 0, second = 0] = theta;
    expect(Math.abs(first)).toBeCloseTo(1, 6);
    expect(second).toBeCloseTo(-first, 6);
    // The discrimination to begin with is positive where the first model is right, times the sign of its θ.
    expect(Math.sign((start.items[1] ?? 0) * first)).toBe(1);
    expect(start.items[3]).toBeCloseTo(-(start.items[1] ?? 0), 6);
  });
});

describe('abilities', () => {
  it('are c + a·θ − b: by hand', () => {
    const items: Items = { rows: Float64Array.of(0, 0, 0, 1, 2, -3), r: 3 };
    expect(logitOf(items, 1, Float64Array.of(0.5, 2, 1))).toBeCloseTo(0.5 + 2 * 2 - 3 * 1 - 1, 12);
  });

  it('are the posterior mode with its curvature: by hand', () => {
    // One success on an item of difficulty 0 with prior N(0, 1): c = σ(−c) = .4010, variance 1 / (1 + p(1 − p)), p = .5989.
    const { mean, covariance } = estimateAbility({ rows: Float64Array.of(0), r: 1 }, Float64Array.of(1), standard);
    expect(mean[0]).toBeCloseTo(0.401, 3);
    expect(covariance[0]).toBeCloseTo(0.8063, 4);
  });

  it('are the prior without a score, and never run away', () => {
    const items: Items = { rows: Float64Array.of(0, 1, 0, -1), r: 2 };
    const prior = { mean: Float64Array.of(0.3, -0.2), covariance: Float64Array.of(1, 0.2, 0.2, 0.5) };
    const without = estimateAbility(items, Float64Array.of(NONE, NONE), prior);
    expect(without.mean).toEqual(prior.mean);
    for (const [i, value] of prior.covariance.entries()) expect(without.covariance[i]).toBeCloseTo(value, 9);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.double({ min: -5, max: 5, noNaN: true }), fc.boolean()), { minLength: 1 }),
        (rows) => {
          const { mean } = estimateAbility(
            { rows: Float64Array.from(rows.flatMap(([a]) => [0, a])), r: 2 },
            Float64Array.from(rows, ([, right]) => (right ? 1 : 0)),
            prior,
          );
          for (const each of mean) expect(Math.abs(each)).toBeLessThan(20);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the population', () => {
  // Two items of difficulty ±1; special ability goes with general ability.
  const reference: Items = { rows: Float64Array.of(1, 0.5, -1, -0.5), r: 2 };
  const abilities = Float64Array.from([-1, 0, 1, 2].flatMap((c) => [c, c / 2]));
  const population = fitPopulation(reference, abilities);

  it('gives a declared quality back as the mean over the reference', () => {
    for (const quality of [0.1, 0.5, 0.9]) {
      const { mean } = declaredAbility(population, reference, quality, 0.05);
      expect(meanQuality(reference, mean)).toBeCloseTo(quality, 9);
    }
  });

  it('expects of a better model the special abilities that better models have', () => {
    const special = (quality: number) => declaredAbility(population, reference, quality, 0.05).mean[1] ?? 0;
    expect(special(0.9)).toBeGreaterThan(special(0.5) + 0.3);
  });

  it('is less sure of a model of which nothing is known', () => {
    const [known = 0] = declaredAbility(population, reference, 0.5, 0.05).covariance;
    const [unknown = 0] = anyAbility(population).covariance;
    expect(unknown).toBeGreaterThan(known + 0.5);
  });
});
