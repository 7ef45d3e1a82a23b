import { describe, expect, it } from 'vitest';
import { battlesOf, tiersOf, weighBattles } from './battles.ts';
import { resultsOf } from './bradley-terry.ts';

const NONE = Number.NaN;

describe('tiers', () => {
  it('cut where the strengths leave gaps', () => {
    expect([...tiersOf(Float64Array.of(0, 5, 0.1, 5.2, 2), 3)]).toEqual([0, 2, 0, 2, 1]);
    // Within {0, 1} and {3}: .5; within {0} and {1, 3}: 2.
    expect([...tiersOf(Float64Array.of(3, 1, 0), 2)]).toEqual([1, 0, 0]);
  });

  it('are one for each model where there are enough, and none without models', () => {
    expect([...tiersOf(Float64Array.of(0.3, 0.1, 0.2), 10)]).toEqual([2, 0, 1]);
    expect([...tiersOf(Float64Array.of(1, 1), 1)]).toEqual([0, 0]);
    expect(tiersOf(new Float64Array(0), 10)).toHaveLength(0);
  });
});

describe('battles', () => {
  const scores = Float64Array.of(1, 0, 0.5, 1, 1, NONE, NONE, 0.2, NONE);

  it('with a tier for each model are the results of all pairs', () => {
    const { wins, games } = weighBattles(battlesOf(scores, 3, Int32Array.of(0, 1, 2)), Float64Array.of(1, 1, 1));
    expect({ wins, games }).toEqual(resultsOf(scores, 3));
  });

  it('count a row as often as it weighs', () => {
    const { wins, games } = weighBattles(battlesOf(scores, 3, Int32Array.of(0, 1, 2)), Float64Array.of(3, 10, 5));
    // Row 1 thrice: 0 wins two, 2 wins one; row 2 ten times: a draw of 0 and 1.
    expect([...wins]).toEqual([3 * 2 + 10 / 2, 10 / 2, 3]);
    expect([...games]).toEqual([0, 13, 3, 13, 0, 3, 3, 3, 0]);
  });

  it('leave out games within a tier', () => {
    const { wins, games } = weighBattles(battlesOf(scores, 3, Int32Array.of(1, 0, 1)), Float64Array.of(1, 1, 1));
    // 0 and 2 both beat 1 in row 1; 0 draws with 1 in row 2.
    expect([...wins]).toEqual([0.5, 2.5]);
    expect([...games]).toEqual([0, 3, 3, 0]);
  });
});
