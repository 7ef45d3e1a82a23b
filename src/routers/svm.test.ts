import { describe, expect, it } from 'vitest';
import { namedModel, smallSet, textFeatures, twoTopics } from './fixtures.ts';
import { stackRows } from './numeric/csr.ts';
import { svmRbf } from './svm-rbf.ts';
import { fitSquaredHinge, marginMoments, meanMargins, svm } from './svm.ts';

const EXACT = { lambda: 1, tolerance: 1e-9 };
const ones = (n: number) =>
  stackRows(
    Array.from({ length: n }, () => ({ columns: Int32Array.of(0), values: Float32Array.of(1) })),
    1,
  );

describe('the squared hinge', () => {
  it('is minimised with its penalty: by hand', () => {
    // One success at f = w: (1 − w)² + w² is lowest at ½. One of score ¾: ¾(1 − w)² + ¼(1 + w)² + w² is lowest at ¼.
    expect(fitSquaredHinge(ones(1), Float64Array.of(1), Float64Array.of(0), EXACT)[0]).toBeCloseTo(0.5, 6);
    expect(fitSquaredHinge(ones(1), Float64Array.of(0.75), Float64Array.of(0), EXACT)[0]).toBeCloseTo(0.25, 6);
  });

  it('has decision values that are scores where the penalty does not matter', () => {
    const scores = Float64Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? 0 : 1));
    const [w = 0] = fitSquaredHinge(ones(400), scores, Float64Array.of(0), { lambda: 1e-6, tolerance: 1e-9 });
    expect((1 + w) / 2).toBeCloseTo(0.75, 5);
  });

  it('does not pull back a value that is beyond the margin on the right side', () => {
    // At f = 1.5 and score 1 the hinge is 0, where least squares would ask for w = −.25.
    expect(fitSquaredHinge(ones(1), Float64Array.of(1), Float64Array.of(1.5), EXACT)[0]).toBeCloseTo(0, 12);
  });

  it('skips what was not recorded', () => {
    const scores = Float64Array.of(1, Number.NaN, Number.NaN, 1);
    const offsets = meanMargins(scores, 2);
    expect([...offsets]).toEqual([1, 1]);
    const { curvature, noise } = marginMoments(ones(2), new Float64Array(2), offsets, scores);
    expect([...curvature]).toEqual([0.5, 0.5]);
    // No distance and two pseudo-rows of ± 1: 2 / 3.
    expect(noise[0]).toBeCloseTo(2 / 3, 12);
  });
});

const SET = twoTopics(240);
const ALGEBRA = textFeatures('Tell me about the polynomial and the matrix of this equation, number 3.');
const HISTORY = textFeatures('Tell me about the empire and the treaty of this king, number 3.');

for (const trainable of [svm, svmRbf]) {
  describe(`${trainable.name}, trained`, () => {
    const router = trainable.fit(SET, { seed: 7 });
    const qualities = (features: typeof ALGEBRA) =>
      router.predict(
        features,
        ['a', 'both', 'h'].map((name) => namedModel(name)),
      );

    it('finds who is good at what', () => {
      const [a, both, h] = qualities(ALGEBRA);
      expect((a?.quality ?? 0) - (h?.quality ?? 1)).toBeGreaterThan(0.2);
      expect(Math.abs((both?.quality ?? 0) - 0.8)).toBeLessThan(0.15);
      const [aThere, , hThere] = qualities(HISTORY);
      expect((hThere?.quality ?? 0) - (aThere?.quality ?? 1)).toBeGreaterThan(0.2);
    });

    it('has an error that shrinks with rows', () => {
      const more = trainable.fit(twoTopics(600), { seed: 7 });
      const [, few] = qualities(ALGEBRA);
      const [many] = more.predict(ALGEBRA, [namedModel('both')]);
      expect(many?.stderr).toBeLessThan(few?.stderr ?? 0);
      expect(many?.stderr).toBeGreaterThan(0);
    });

    it('says which words moved the score', () => {
      const lines = router.explain(ALGEBRA, [namedModel('a'), namedModel('new')]);
      expect(lines[0]).toMatch(/^a: \d+ %, on average 50 %; [+−]"/);
      expect(lines[1]).toBe('new: nothing learnt, taken as declared');
    });

    it('takes what it has not learnt as declared', () => {
      const scores = [
        [1, Number.NaN],
        [0, Number.NaN],
      ];
      const set = smallSet(
        ['known', 'absent'],
        scores.map((each) => ({ text: 'Hi', scores: each })),
      );
      expect(trainable.fit(set, { seed: 7 }).predict(ALGEBRA, [namedModel('absent', 0.7)])).toEqual([
        { quality: 0.7, stderr: 0.05 },
      ]);
    });
  });
}
