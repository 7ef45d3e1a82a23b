import { describe, expect, it } from 'vitest';
import { elo, fitElo, fitLink, linked } from './elo.ts';
import { namedModel, smallSet, textFeatures } from './fixtures.ts';

const NONE = Number.NaN;
const HELLO = textFeatures('Hello');
const predict = (set: Parameters<typeof elo.fit>[0], ...names: string[]) =>
  elo.fit(set, { seed: 7 }).predict(
    HELLO,
    names.map((name) => namedModel(name)),
  );

describe('the link from strength to quality', () => {
  it('is the line through the logits of the means, by hand', () => {
    // Means .5 and .75 at θ = 0 and 1: logits 0 and ln 3. The pseudo-observation pulls the slope by (xy + .001)/(xx + .001).
    const link = fitLink(Float64Array.of(0, 1), Float64Array.of(0.5, 0.75), Float64Array.of(10, 10));
    const slope = (Math.log(3) / 4 + 0.001) / (1 / 4 + 0.001);
    expect(link.slope).toBeCloseTo(slope, 12);
    expect(link.intercept).toBeCloseTo(Math.log(3) / 2 - slope / 2, 12);
    expect(linked(link, 0.5)).toBeCloseTo(1 / (1 + 3 ** -0.5), 12);
  });

  it('never falls, and stands for one model, equal strengths and none', () => {
    expect(fitLink(Float64Array.of(0, 1), Float64Array.of(0.9, 0.1), Float64Array.of(5, 5)).slope).toBe(0);
    const one = fitLink(Float64Array.of(0.3), Float64Array.of(0.8), Float64Array.of(5));
    expect(one.slope).toBeCloseTo(1, 12);
    expect(linked(one, 0.3)).toBeCloseTo(0.8, 12);
    expect(fitLink(new Float64Array(0), new Float64Array(0), new Float64Array(0))).toEqual({ intercept: 0, slope: 1 });
  });
});

describe('elo', () => {
  const row = (text: string, ...scores: number[]) => ({ text, scores });

  it('ranks by who beats whom, and answers with the mean score of two models', () => {
    const rows = ['a', 'b', 'c', 'd', 'e'].map((text, i) => row(text, 1, i < 2 ? 1 : 0));
    const [strong, weak] = predict(smallSet(['strong', 'weak'], rows), 'strong', 'weak');
    // Two points always lie on a line: .999 (kept off 1) and 2/5.
    expect(strong?.quality).toBeCloseTo(0.999, 2);
    expect(weak?.quality).toBeCloseTo(0.4, 2);
    // σ = √((Σ(s − mean)² + 3·.25) / (n + 3)), by hand for `weak`: √((1.2 + .75) / 8) / √6
    expect(weak?.stderr).toBeCloseTo(Math.sqrt(1.95 / 8 / 6), 2);
  });

  it('does not reward scores for easy queries only', () => {
    // `picky` only answered the easy half, where `all` is right too: equal there, although its mean is twice as high.
    const rows = Array.from({ length: 40 }, (_, i) => row(`q${i}`, i % 2, i % 2 === 1 ? 1 : NONE, 0));
    const { theta } = fitElo(smallSet(['all', 'picky', 'zero'], rows));
    expect(Math.abs((theta[0] ?? 0) - (theta[1] ?? 0))).toBeLessThan(1);
    const [all, picky] = predict(smallSet(['all', 'picky', 'zero'], rows), 'all', 'picky');
    expect((picky?.quality ?? 1) - (all?.quality ?? 0)).toBeLessThan(0.25);
  });

  it('is the same to the bit after saving and loading, and whatever the order of columns', () => {
    const rows = Array.from({ length: 9 }, (_, i) => [i % 3 === 0 ? 1 : 0.25, (i % 4) / 3, i % 5 === 0 ? NONE : 0.5]);
    const set = smallSet(
      ['x', 'y', 'z'],
      rows.map((scores, i) => ({ text: `q${i}`, scores })),
    );
    const turned = smallSet(
      ['z', 'x', 'y'],
      rows.map(([x = 0, y = 0, z = 0], i) => ({ text: `q${i}`, scores: [z, x, y] })),
    );
    const models = ['x', 'y', 'z', 'w'].map((name) => namedModel(name));
    const fitted = elo.fit(set, { seed: 7 });
    const predictions = fitted.predict(HELLO, models);
    expect(elo.load(fitted.save()).predict(HELLO, models)).toEqual(predictions);
    expect(elo.fit(turned, { seed: 8 }).predict(HELLO, models)).toEqual(predictions);
  });

  it('takes a model without comparisons as declared, and says so', () => {
    const fitted = elo.fit(smallSet(['a', 'b'], [row('q', 1, NONE)]), { seed: 7 });
    const models = [namedModel('a'), namedModel('b', 0.7), namedModel('c')];
    expect(fitted.predict(HELLO, models).slice(1)).toEqual([
      { quality: 0.7, stderr: 0.05 },
      { quality: 0.5, stderr: 0.25 },
    ]);
    expect(fitted.explain(HELLO, models)).toEqual([
      expect.stringContaining('a: Elo 1000 over 1 queries'),
      'b: never compared, taken as declared',
      'c: never compared, taken as declared',
    ]);
  });

  it('refuses a damaged state', () => {
    const state = elo.fit(smallSet(['a', 'b'], [row('q', 1, 0)]), { seed: 7 }).save();
    const broken = (change: object) => () => elo.load({ ...state, ...change });
    expect(broken({ router: 'mf' })).toThrow(/not one of elo/);
    expect(broken({ tensors: {} })).toThrow(/"theta" is missing/);
    expect(broken({ meta: { ...state.meta, models: ['a'] } })).toThrow(/holds 2 numbers instead of 1/);
    expect(broken({ meta: { ...state.meta, slope: 'x' } })).toThrow(/"slope" is not a number/);
  });
});
