import { describe, expect, it } from 'vitest';
import { aiqOf } from './aiq.ts';
import { arenaScore } from './arena.ts';
import { calibrationOf } from './calibration.ts';
import { hullOf } from '../../decide/hull.ts';
import { duelOf, interpolate, routeLlm } from './routellm.ts';

describe('RouteLLM', () => {
  const preference = Float64Array.of(0.12, -0.3, 0.55, 0.01, 0.4, -0.08, 0.33, 0.27, -0.15, 0.61, 0.05, 0.19);
  const strong = Float64Array.of(1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 0);
  const weak = Float64Array.of(1, 0, 0, 1, 0, 0, 1, 0, 1, 0, 1, 1);
  const duel = duelOf(preference, strong, weak);

  it('has APGR and CPT as evaluate.py computes them with numpy', () => {
    const measures = routeLlm(duel);
    expect(measures?.apgr).toBeCloseTo(1.3125, 10);
    expect(measures?.cpt50).toBeCloseTo(8.333333333333332, 10);
    expect(measures?.cpt80).toBeCloseTo(13.333333333333334, 10);
  });

  it('counts weighted queries as if they were repeated', () => {
    const weights = [2, 1, 3, 1, 2, 1, 1, 0, 1, 2, 1, 1];
    const repeated = (values: Float64Array): Float64Array =>
      Float64Array.from([...values].flatMap((value, i) => Array.from({ length: weights[i] ?? 0 }, () => value)));
    const whole = routeLlm(duelOf(repeated(preference), repeated(strong), repeated(weak)));
    const weighted = routeLlm(
      duel,
      Float64Array.from(duel.order, (i) => weights[i] ?? 0),
    );
    expect(weighted?.apgr).toBeCloseTo(whole?.apgr ?? 0, 10);
    expect(weighted?.cpt50).toBeCloseTo(whole?.cpt50 ?? 0, 10);
    expect(weighted?.cpt80).toBeCloseTo(whole?.cpt80 ?? 0, 10);
  });

  it('says nothing of a router to which all queries look alike, or when the strong model is not better', () => {
    expect(
      routeLlm(
        duelOf(
          preference.map(() => 0.1),
          strong,
          weak,
        ),
      ),
    ).toBeNull();
    expect(routeLlm(duelOf(preference, weak, strong))).toBeNull();
  });

  it('interpolates as numpy does, also where the scores do not ascend', () => {
    const xp = [0.5, 0.53, 0.52, 0.58, 0.61, 0.6, 0.66, 0.7, 0.69, 0.72, 0.71];
    const fp = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
    const found = [0.5, 0.525, 0.605, 0.65, 0.695, 0.705, 0.71, 0.715, 0.75].map((x) => interpolate(x, xp, fp));
    const numpy = [0, 8.333333333333334, 38.333333333333336, 58.333333333333336, 81.66666666666667, 85];
    for (const [i, value] of [...numpy, 86.66666666666667, 100, 100].entries()) expect(found[i]).toBeCloseTo(value, 9);
    expect(interpolate(0.2, [0, 0.1, 0.4], [0, 1, 4])).toBeCloseTo(2, 12);
  });
});

describe('AIQ', () => {
  it('divides the area from the own cheapest cost by the width, or by the dearest cost', () => {
    // .4 → .8 over 1..3, flat to 5: area 1.2 + 1.6.
    const hull = hullOf([{ cost: Float64Array.of(1, 3), quality: Float64Array.of(0.4, 0.8) }]);
    expect(aiqOf(hull, 5)?.paper).toBeCloseTo(2.8 / 4, 12);
    expect(aiqOf(hull, 5)?.code).toBeCloseTo(2.8 / 5, 12);
    expect(aiqOf(hull, 2)?.paper).toBeCloseTo(0.5, 12);
    expect(aiqOf(hull, 1)).toBeNull();
  });
});

describe('RouterArena', () => {
  it.each([
    ['the first of the leaderboard', 0.764, 0.18, 75.27],
    ['GPT-5 alone', 0.7396, 10.02, 64.32],
    ['RouterDC', 0.3201, 0.07, 33.75],
    ['GraphRouter', 0.57, 0.34, 57.22],
  ])('scores %s as published', (_name, accuracy, usdPer1k, published) => {
    expect(Math.abs(arenaScore(accuracy, usdPer1k / 1000) - published)).toBeLessThan(0.06);
  });
});

describe('calibration', () => {
  it('is the distance of predicted and scored by bin, and the squared error', () => {
    // .85 and .83 scored 1 and .5: off by .09 with weight 2 of 3; .2 scored .2.
    const { ece, brier, bins } = calibrationOf(Float64Array.of(0.85, 0.83, 0.2), Float64Array.of(1, 0.5, 0.2));
    expect(ece).toBeCloseTo((2 * 0.09) / 3, 12);
    expect(brier).toBeCloseTo((0.15 ** 2 + 0.33 ** 2) / 3, 12);
    expect(bins.map(({ from, count }) => [from, count])).toEqual([
      [0.2, 1],
      [0.8, 2],
    ]);
  });
});
