import { describe, expect, it } from 'vitest';
import { createFactors, deltas, pairLoss, trainFactors, type Factors } from './factors.ts';

const NONE = Number.NaN;

describe('δ(M, q) = w₂·(v̂_M ⊙ W₁e_q)', () => {
  it('by hand', () => {
    const factors: Factors = {
      inputs: 1,
      rank: 2,
      // h = e·(1, 2) + (0.5, 0)
      w1: Float32Array.of(1, 2, 0.5, 0),
      v: Float32Array.of(3, 4, 0, 2),
      w2: Float32Array.of(2, 1),
    };
    const out = new Float64Array(2);
    deltas(factors, [0.5], 0, new Float64Array(2), out);
    // h = (1, 1); v̂ = (.6, .8) and (0, 1): 2·.6 + .8 = 2 and 1.
    expect(out[0]).toBeCloseTo(2, 6);
    expect(out[1]).toBeCloseTo(1, 6);
  });
});

describe('the loss of pairs', () => {
  it('is −gap·ln σ(δ_win − δ_lose) over the pairs, by hand', () => {
    const slope = new Float64Array(3);
    const loss = pairLoss(Float64Array.of(1, 0.5, NONE), 0, Float64Array.of(2, 1, 9), slope);
    expect(loss).toBeCloseTo(0.5 * Math.log(1 + Math.exp(-1)), 12);
    const pull = 0.5 / (1 + Math.E);
    expect(slope[0]).toBeCloseTo(-pull, 12);
    expect(slope[1]).toBeCloseTo(pull, 12);
    expect(slope[2]).toBe(0);
  });

  it('learns nothing from draws, nor from a single score', () => {
    const slope = new Float64Array(2);
    expect(pairLoss(Float64Array.of(0.7, 0.7), 0, Float64Array.of(3, 1), slope)).toBe(0);
    expect([...slope]).toEqual([0, 0]);
    expect(pairLoss(Float64Array.of(0.7, NONE), 0, Float64Array.of(3, 1), slope)).toBe(0);
  });

  it('falls where training leads: the sign of one input decides who wins', () => {
    const x = Float32Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const scores = Float64Array.from({ length: 80 }, (_, i) => (Math.floor(i / 2) % 2 === i % 2 ? 1 : 0));
    const factors = createFactors(1, 4, 2, 7);
    const rows = Int32Array.from(x, (_, i) => i);
    trainFactors(factors, x, scores, {
      seed: 7,
      train: rows,
      test: new Int32Array(0),
      maxEpochs: 60,
      patience: 60,
      batch: 8,
      rate: 0.05,
      decay: 0,
    });
    const out = new Float64Array(2);
    deltas(factors, [1], 0, new Float64Array(4), out);
    expect(out[0]).toBeGreaterThan((out[1] ?? 0) + 1);
    deltas(factors, [-1], 0, new Float64Array(4), out);
    expect(out[1]).toBeGreaterThan((out[0] ?? 0) + 1);
  });
});
