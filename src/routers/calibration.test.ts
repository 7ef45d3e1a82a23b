import { describe, expect, it } from 'vitest';
import { expectedCalibrationError, fitCalibration, fitPlatt, loadCalibration } from './calibration.ts';
import { seededRandom } from './numeric/random.ts';

const SEED = { seed: 7 };
const rowsOf = (n: number) => Int32Array.from({ length: n }, (_, i) => i);

/** n predictions, and 0/1 scores that are 1 with a probability that depends on the prediction. */
function drawn(n: number, truth: (q: number) => number) {
  const random = seededRandom(3);
  const predicted = Float64Array.from({ length: n }, random);
  return { predicted, scores: predicted.map((q) => (random() < truth(q) ? 1 : 0)) };
}

describe('expected calibration error', () => {
  it('is the mean distance per bin: by hand', () => {
    // Bin of .9: mean .9 against 2/3; bin of .1: .1 against 0. (3 · .2333 + 1 · .1) / 4 = .2.
    const predicted = Float64Array.of(0.9, 0.9, 0.9, 0.1, Number.NaN, 0.5);
    const scores = Float64Array.of(1, 1, 0, 0, 1, Number.NaN);
    expect(expectedCalibrationError(predicted, scores)).toBeCloseTo(0.2, 12);
    expect(expectedCalibrationError(new Float64Array(0), new Float64Array(0))).toBe(0);
  });
});

describe('Platt', () => {
  it('finds the intercept that the scores ask for: by hand', () => {
    // All predictions .5 (logit 0), 3 of 4 right: A + Σ(σ(A) − s) = 0, that is A + 4·σ(A) = 3; slope stays 1.
    const { intercept, slope } = fitPlatt(new Float64Array(4).fill(0.5), Float64Array.of(1, 1, 1, 0));
    expect(intercept + 4 / (1 + Math.exp(-intercept))).toBeCloseTo(3, 4);
    expect(slope).toBeCloseTo(1, 9);
  });

  it('never turns a ranking round', () => {
    const { slope } = fitPlatt(Float64Array.of(0.1, 0.9, 0.1, 0.9), Float64Array.of(1, 0, 1, 0));
    expect(slope).toBeGreaterThan(0);
  });
});

describe('calibration', () => {
  it('hardly touches what is right', () => {
    const { predicted, scores } = drawn(4000, (q) => q);
    const fitted = fitCalibration(predicted, scores, rowsOf(4000), SEED);
    for (const q of [0.1, 0.3, 0.5, 0.7, 0.9]) expect(Math.abs(fitted.qualityOf(q) - q)).toBeLessThan(0.03);
  });

  it('takes back exaggeration by a sigmoid', () => {
    const { predicted, scores } = drawn(2000, (q) => 0.5 + (q - 0.5) / 3);
    const fitted = fitCalibration(predicted, scores, rowsOf(2000), SEED);
    expect(fitted.report.eceBefore).toBeGreaterThan(0.13);
    expect(fitted.report.eceAfter).toBeLessThan(0.06);
    expect(Math.abs(fitted.qualityOf(0.9) - 0.633)).toBeLessThan(0.08);
  });

  it('never decreases, stays within 0..1 and carries the error along', () => {
    const { predicted, scores } = drawn(500, (q) => q * q);
    const fitted = fitCalibration(predicted, scores, rowsOf(500), SEED);
    let before = 0;
    for (let q = 0; q <= 1; q += 0.01) {
      const { quality, stderr } = fitted.apply({ quality: q, stderr: 0.05 });
      expect(quality).toBeGreaterThanOrEqual(before);
      expect(quality).toBeLessThanOrEqual(1);
      expect(stderr).toBeGreaterThanOrEqual(0);
      before = quality;
    }
    expect(fitted.qualityOf(Number.NaN)).toBeGreaterThanOrEqual(0);
  });

  it('stands for missing scores, one row and none', () => {
    const some = fitCalibration(Float64Array.of(0.2, 0.4), Float64Array.of(Number.NaN, 1), rowsOf(1), SEED);
    expect(some.report.count).toBe(1);
    expect(fitCalibration(new Float64Array(0), new Float64Array(0), rowsOf(0), SEED).qualityOf(0.3)).toBeCloseTo(
      0.3,
      12,
    );
  });

  it('is the same to the bit after saving and loading', () => {
    for (const truth of [(q: number) => q, (q: number) => 0.5 + (q - 0.5) / 3]) {
      const { predicted, scores } = drawn(1000, truth);
      const fitted = fitCalibration(predicted, scores, rowsOf(1000), SEED);
      const loaded = loadCalibration(fitted.save());
      expect(loaded.report).toEqual(fitted.report);
      for (const q of predicted) expect(loaded.qualityOf(q)).toBe(fitted.qualityOf(q));
    }
  });

  it('refuses a state that is not whole', () => {
    const state = { router: 'calibration', meta: { kind: 'platt', report: {} }, tensors: {} };
    expect(() => loadCalibration(state)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });
});
