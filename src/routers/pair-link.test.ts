import { describe, expect, it } from 'vitest';
import { fitLevel, fitPairLink, levelOf, pairLinked } from './pair-link.ts';

const NONE = Number.NaN;

describe('from pair scores to quality', () => {
  // One model, right three times in four where its δ is 1 and once in four where it is −1: odds of 3 and 1/3.
  const delta = Float64Array.of(1, 1, 1, 1, -1, -1, -1, -1);
  const scores = Float64Array.of(1, 1, 1, 0, 1, 0, 0, 0);
  const rows = Int32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  const levels = new Float64Array(8);

  it('finds the slope ln 3 by hand, and gives the mean back', () => {
    const link = fitPairLink(delta, levels, scores, Float64Array.of(0.5), rows);
    expect(link.slope).toBeCloseTo(Math.log(3), 2);
    expect(pairLinked(link, 0, 1, 0)).toBeCloseTo(0.75, 3);
    expect(pairLinked(link, 0, -1, 0)).toBeCloseTo(0.25, 3);
  });

  it('does not trust scores that point the wrong way, nor any without unseen rows', () => {
    const reversed = fitPairLink(
      delta.map((d) => -d),
      levels,
      scores,
      Float64Array.of(0.5),
      rows,
    );
    expect(reversed.slope).toBe(0);
    const blind = fitPairLink(delta, levels, scores, Float64Array.of(0.5), new Int32Array(0));
    expect(pairLinked(blind, 0, 1, 0)).toBeCloseTo(0.5, 6);
  });

  it('makes the mean prediction of each model its mean score, missing ones aside', () => {
    const two = Float64Array.of(1, 2, 0, -1, -1, 0.5);
    const given = Float64Array.of(1, NONE, 0.5, 0, 0.25, 1);
    const link = fitPairLink(two, new Float64Array(3), given, Float64Array.of(1.75 / 3, 0.5), Int32Array.of(0, 1, 2));
    const first = [0, 2, 4].map((i) => pairLinked(link, 0, two[i] ?? 0, 0));
    // .999 stands for the score of 1.
    expect(first.reduce((a, b) => a + b, 0)).toBeCloseTo(1.749, 6);
    const second = [3, 5].map((i) => pairLinked(link, 1, two[i] ?? 0, 0));
    expect(second.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 6);
  });
});

describe('the level of a query', () => {
  it('is a ridge of 100 rows on how much better its scores are than their models’ means, by hand', () => {
    const x = Float32Array.of(1, -1);
    const weights = fitLevel(x, 1, Float64Array.of(0.8, 1, 0.4, NONE), Float64Array.of(0.6, 0.6), Int32Array.of(0, 1));
    // Levels .3 and −.2: w·(2 + 100) = .5 and b·(2 + 1) = .1.
    expect(weights[0]).toBeCloseTo(0.5 / 102, 9);
    expect(weights[1]).toBeCloseTo(0.1 / 3, 9);
    expect(levelOf(weights, [2], 0)).toBeCloseTo(1 / 102 + 0.1 / 3, 9);
  });
});
