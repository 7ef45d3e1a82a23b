import { describe, expect, it } from 'vitest';
import { namedModel, textFeatures, twoTopics } from './fixtures.ts';
import { bestAllowance, hybridLabels } from './hybrid-labels.ts';
import { hybrid, hybridQualities, hybridWith } from './hybrid.ts';
import { stackRows } from './numeric/csr.ts';
import { maskedRidge } from './numeric/ridge.ts';

const NONE = Number.NaN;

describe("HybridLLM's labels, by hand", () => {
  it('deterministic: at least as good', () => {
    expect([...hybridLabels(Float64Array.of(-1, -0.01, 0, 1), 'deterministic')]).toEqual([0, 0, 1, 1]);
  });

  it('probabilistic: σ(gap / .1)', () => {
    const [worse = 0, equal = 0, better = 0] = hybridLabels(Float64Array.of(-0.1, 0, 0.1), 'probabilistic');
    expect(worse).toBeCloseTo(1 / (1 + Math.E), 12);
    expect(equal).toBe(0.5);
    expect(better).toBeCloseTo(0.731059, 6);
  });

  it('transformed: the smallest t on the grid that makes half of the labels true', () => {
    // p(t) = 1/4 below .2, 2/4 from .2, 3/4 from .3: 2p(1 − p) is largest at 2/4, first reached at 10/49.
    const gaps = Float64Array.of(-0.6, -0.3, -0.2, 0.1);
    expect(bestAllowance(gaps)).toBeCloseTo(10 / 49, 12);
    expect([...hybridLabels(gaps, 'transformed')]).toEqual([0, 0, 1, 1]);
    expect(bestAllowance(new Float64Array(0))).toBe(0);
  });
});

describe('ridge with unknown targets, by hand', () => {
  it('fits each target on its own rows', () => {
    const row = { columns: Int32Array.of(0), values: Float32Array.of(1) };
    // w = Σxy / (Σx² + λ): 1 / (1 + 1) and (1 + 3) / (2 + 1).
    const w = maskedRidge(stackRows([row, row], 1), Float64Array.of(1, 1, NONE, 3), 2, 1);
    expect(w[0]).toBeCloseTo(1 / 2, 9);
    expect(w[1]).toBeCloseTo(4 / 3, 9);
  });
});

describe('from probabilities to quality', () => {
  const parts = {
    reference: 1,
    baseP: Float64Array.of(0.6, 0.7),
    gaps: Float64Array.of(-0.1, 0),
    slope: 2,
    levelSlope: 1,
  };

  it('is the reference’s quality plus the gap that a probability is worth, by hand', () => {
    // q̂_R = .7 + .05; q̂_S = .75 − .1 + 2 · .1
    const [small, large] = hybridQualities(parts, Float64Array.of(0.1, 0.05));
    expect(large).toBeCloseTo(0.75, 12);
    expect(small).toBeCloseTo(0.85, 12);
  });

  it('with two models is a threshold on the probability, however good the reference is', () => {
    // P̂ = .6 + fitted ≥ .65 exactly where the qualities are level.
    for (const level of [-0.2, 0, 0.1]) {
      const margin = (fitted: number): number => {
        const [small = 0, large = 0] = hybridQualities(parts, Float64Array.of(fitted, level));
        return small - large;
      };
      expect(margin(0.049)).toBeLessThan(0);
      expect(margin(0.05)).toBeCloseTo(0, 12);
      expect(margin(0.051)).toBeGreaterThan(0);
    }
  });
});

describe('hybrid', () => {
  const set = twoTopics(200);
  const models = ['a', 'both', 'h', 'new'].map((name) => namedModel(name));
  const algebra = textFeatures('What is the derivative of a polynomial equation?');
  const history = textFeatures('What did the king do after the revolution?');

  it('learns where another model is as good as the reference', () => {
    const fitted = hybrid.fit(set, { seed: 7 });
    const [a, both, h, unseen] = fitted.predict(algebra, models);
    expect(a?.quality).toBeGreaterThan((h?.quality ?? 1) + 0.3);
    expect(both?.quality).toBeCloseTo(0.8, 1);
    expect(unseen).toEqual({ quality: 0.5, stderr: 0.25 });
    const [a2, , h2] = fitted.predict(history, models);
    expect(h2?.quality).toBeGreaterThan((a2?.quality ?? 1) + 0.3);
    expect(a?.stderr).toBeGreaterThan(0);
    const lines = fitted.explain(algebra, models);
    expect(lines[0]).toMatch(/^a: as good as both with \d+ % \(\d+ % on average: \+"[a-z ]+".*\), \d+ % here$/);
    expect(lines[1]).toMatch(/^both: the best on average/);
  });

  it.each(['deterministic', 'probabilistic', 'transformed'] as const)('%s: loads what it saved to the bit', (mode) => {
    const fitted = hybridWith(mode).fit(set, { seed: 7 });
    const state = fitted.save();
    expect(state.meta['mode']).toBe(mode);
    for (const features of [algebra, history, textFeatures('')]) {
      expect(hybrid.load(state).predict(features, models)).toEqual(fitted.predict(features, models));
    }
  });
});
