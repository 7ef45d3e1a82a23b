import { describe, expect, it } from 'vitest';
import { eloOf, fitStrengths, resultsOf } from './bradley-terry.ts';

const NONE = Number.NaN;

describe('Bradley–Terry', () => {
  it('gives odds of three to one after three wins and a loss, by hand', () => {
    // σ(θ₀ − θ₁) = 3/4, so θ₀ − θ₁ = ln 3: 400·log₁₀ 3 = 190.85 points.
    const theta = fitStrengths({ wins: Float64Array.of(3, 1), games: Float64Array.of(0, 4, 4, 0) }, { draws: 1e-6 });
    expect((theta[0] ?? 0) - (theta[1] ?? 0)).toBeCloseTo(Math.log(3), 5);
    expect(eloOf(theta[0] ?? 0) - eloOf(theta[1] ?? 0)).toBeCloseTo(190.85, 2);
    expect(theta[0]).toBeCloseTo(-(theta[1] ?? 0), 9);
  });

  it('is consistent through a third player: odds multiply', () => {
    // 0 beats 1 two to one, 1 beats 2 three to one; 0 and 2 never met: odds six to one.
    const games = Float64Array.of(0, 3, 0, 3, 0, 4, 0, 4, 0);
    const theta = fitStrengths({ wins: Float64Array.of(2, 4, 1), games }, { draws: 1e-6 });
    expect((theta[0] ?? 0) - (theta[2] ?? 0)).toBeCloseTo(Math.log(6), 4);
  });

  it('stays finite for a player who never lost, and is flat when all games are drawn', () => {
    const always = fitStrengths({ wins: Float64Array.of(1000, 0), games: Float64Array.of(0, 1000, 1000, 0) });
    // By symmetry 1000·(1 − σ(2θ)) = σ(θ) − ½.
    const theta = always[0] ?? 0;
    const logistic = (x: number) => 1 / (1 + Math.exp(-x));
    expect(1000 * (1 - logistic(2 * theta))).toBeCloseTo(logistic(theta) - 0.5, 6);
    expect([...fitStrengths({ wins: Float64Array.of(5, 5), games: Float64Array.of(0, 10, 10, 0) })]).toEqual([0, 0]);
    expect(fitStrengths({ wins: new Float64Array(0), games: new Float64Array(0) })).toHaveLength(0);
  });

  it('needs no step from where it already is', () => {
    const results = { wins: Float64Array.of(7, 5, 3), games: Float64Array.of(0, 5, 5, 5, 0, 5, 5, 5, 0) };
    const theta = fitStrengths(results);
    for (const [i, value] of fitStrengths(results, { start: theta, maxSteps: 1 }).entries()) {
      expect(value).toBeCloseTo(theta[i] ?? 0, 9);
    }
  });

  it('counts a game for every pair of recorded scores, draws as half wins', () => {
    const scores = Float64Array.of(1, 0, 0.5, 1, 1, NONE, NONE, 0.2, NONE);
    const { wins, games } = resultsOf(scores, 3);
    // Row 1: 0 beats 1 and 2, 2 beats 1. Row 2: 0 draws with 1. Row 3: nobody to play.
    expect([...wins]).toEqual([2.5, 0.5, 1]);
    expect([...games]).toEqual([0, 2, 1, 2, 0, 1, 1, 1, 0]);
  });
});
