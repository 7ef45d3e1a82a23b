import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../routers/numeric/random.ts';
import { bootstrap, differenceInterval, drawWeights, intervalOf } from './bootstrap.ts';
import { judgedChoice } from './judge.ts';
import type { Outcomes } from './outcomes.ts';

const N = 400;
const random = seededRandom(3);

/** Two models at costs 1 and 2: `a` is right half of the time, `b` always; every query twice. */
const OUTCOMES: Outcomes = {
  models: ['a', 'b'],
  columns: Int32Array.of(0, 1),
  rows: Int32Array.from({ length: N }, (_, i) => i),
  scores: Float64Array.from({ length: 2 * N }, (_, at) => (at % 2 === 1 ? 1 : Number(random() < 0.5))),
  costs: Float64Array.from({ length: 2 * N }, (_, at) => 1 + (at % 2)),
  groups: Int32Array.from({ length: N }, (_, i) => i >> 1),
  labels: Array.from({ length: N }, () => ''),
  left: { unpriced: [], sparse: [], rows: 0 },
};
const ALWAYS_A = judgedChoice('a', OUTCOMES, new Int32Array(N));
const ALWAYS_B = judgedChoice('b', OUTCOMES, new Int32Array(N).fill(1));
const REFERENCE = { score: ALWAYS_B.best, cost: ALWAYS_B.curve.cost };

describe('intervalOf', () => {
  it('takes the 2.5 % and 97.5 % percentiles, interpolated', () => {
    const draws = Float64Array.from({ length: 101 }, (_, i) => 100 - i);
    expect(intervalOf(draws)?.map((end) => end.toFixed(9))).toEqual(['2.500000000', '97.500000000']);
    expect(intervalOf(Float64Array.of(Number.NaN))).toBeNull();
  });
});

describe('drawWeights', () => {
  it('draws whole groups, as many as there are', () => {
    const groups = Int32Array.of(0, 0, 1, 2, 2, 2);
    const weights = new Float64Array(6);
    const counts = new Float64Array(3);
    drawWeights(groups, seededRandom(1), counts, weights);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(weights[0]).toBe(weights[1]);
    expect(weights[3]).toBe(weights[5]);
  });
});

describe('bootstrap', () => {
  const draws = bootstrap(OUTCOMES, [ALWAYS_A, ALWAYS_B], REFERENCE, { seed: 7, resamples: 400 });

  it('gives a mean the interval that its binomial error predicts, by group and not by row', () => {
    const quality = draws.strategies.get('a')?.balanced?.quality ?? new Float64Array(0);
    const [low, high] = intervalOf(quality) ?? [0, 0];
    // 200 groups of two rows: √(.25 / 400) = .025; the bootstrap over groups sees the same, rows within being independent.
    expect(high - low).toBeGreaterThan(0.07);
    expect(high - low).toBeLessThan(0.13);
  });

  it('pairs: what is always the same has no width', () => {
    const b = draws.auc.get('b') ?? new Float64Array(0);
    expect(differenceInterval(b, b)).toEqual([0, 0]);
    expect(intervalOf(draws.strategies.get('b')?.balanced?.costShare ?? b)).toEqual([1, 1]);
    // The line from a to b is all that zero and always-b have between them.
    const [low, high] = differenceInterval(b, draws.zeroAuc) ?? [1, 1];
    expect(Math.max(Math.abs(low), Math.abs(high))).toBeLessThan(1e-12);
  });

  it('is the same for the same seed', () => {
    const again = bootstrap(OUTCOMES, [ALWAYS_A], REFERENCE, { seed: 7, resamples: 400 });
    expect(again.auc.get('a')).toEqual(draws.auc.get('a'));
  });
});
