import { describe, expect, it } from 'vitest';
import { namedModel, smallSet, textFeatures, twoTopics } from './fixtures.ts';
import { irt } from './irt.ts';

const SET = twoTopics(240);
const SEED = { seed: 7 };
const ALGEBRA = textFeatures('Tell me about the polynomial and the matrix of this equation, number 3.');
const HISTORY = textFeatures('Tell me about the empire and the treaty of this king, number 3.');
const MODELS = ['a', 'both', 'h'].map((name) => namedModel(name));
const router = irt.fit(SET, SEED);
const qualityOf = (features: typeof ALGEBRA, name: string, declared?: number, by = router) =>
  by.predict(features, [namedModel(name, declared)])[0]?.quality ?? Number.NaN;

describe('irt', () => {
  it('finds who is good at what', () => {
    expect(qualityOf(ALGEBRA, 'a')).toBeGreaterThan(qualityOf(HISTORY, 'a') + 0.3);
    expect(qualityOf(HISTORY, 'h')).toBeGreaterThan(qualityOf(ALGEBRA, 'h') + 0.3);
    expect(Math.abs(qualityOf(HISTORY, 'both') - 0.8)).toBeLessThan(0.1);
  });

  it('takes a model that it has not learnt by its declared quality, and as unknown without one', () => {
    const mean = (declared: number) => (qualityOf(ALGEBRA, 'new', declared) + qualityOf(HISTORY, 'new', declared)) / 2;
    expect(Math.abs(mean(0.7) - 0.7)).toBeLessThan(0.1);
    expect(mean(0.9)).toBeGreaterThan(mean(0.7));
    expect(router.predict(ALGEBRA, [namedModel('new')])).toEqual([{ quality: 0.5, stderr: 0.25 }]);
  });

  it('lets a model join by a few outcomes, without changing the others', () => {
    const outcomes = SET.features.slice(0, 20).map((features, i) => ({ features, score: i % 2 === 0 ? 1 : 0 }));
    const with20 = router.join('twin of a', outcomes);
    const with2 = router.join('twin of a', outcomes.slice(0, 2));
    const none = router.join('twin of a', []);
    const gap = (by: typeof router) =>
      qualityOf(ALGEBRA, 'twin of a', undefined, by) - qualityOf(HISTORY, 'twin of a', undefined, by);
    expect(gap(with20)).toBeGreaterThan(0.3);
    expect(gap(with2)).toBeGreaterThan(gap(none));
    expect(gap(with2)).toBeLessThan(gap(with20));
    const stderr = (by: typeof router) => by.predict(ALGEBRA, [namedModel('twin of a')])[0]?.stderr ?? 0;
    expect(stderr(with20)).toBeLessThan(stderr(none));
    expect(with20.predict(ALGEBRA, MODELS)).toEqual(router.predict(ALGEBRA, MODELS));
    expect(router.models).not.toContain('twin of a');
  });

  it('starts a joining model from its declared quality', () => {
    const joined = router.join('new', [], { quality: 0.9 });
    expect(qualityOf(ALGEBRA, 'new', undefined, joined)).toBe(qualityOf(ALGEBRA, 'new', 0.9));
  });

  it('learns sets whose models hardly overlap, on one scale', () => {
    // `common` is in both; the second set is a little harder for everyone.
    const rows = Array.from({ length: 40 }, (_, i) =>
      i < 20
        ? { text: `colour ${i}`, scores: [i % 4 === 0 ? 0 : 1, i % 2, Number.NaN] }
        : { text: `proof ${i}`, scores: [i % 4 === 0 ? 1 : 0, Number.NaN, i % 2] },
    );
    const linked = irt.fit(smallSet(['common', 'easy', 'hard'], rows), SEED);
    // Half right on hard queries is more than half right on easy ones.
    const on = (name: string) => qualityOf(textFeatures('colour 3'), name, undefined, linked);
    expect(on('hard')).toBeGreaterThan(on('easy'));
  });

  it('says how hard a query is and how able the models are', () => {
    const lines = router.explain(ALGEBRA, [...MODELS, namedModel('new', 0.7), namedModel('unknown')]);
    expect(lines[0]).toMatch(/^difficulty -?\d\.\d\d, harder than \d+ % of the queries learnt from/);
    expect(lines[1]).toMatch(
      /^a: \d+ %; ability -?\d\.\d\d, number \d of 3, \d+ % on average, \d+ points better at its kind$/,
    );
    expect(lines[4]).toMatch(/^new: \d+ %; not learnt, abilities taken from models of its declared quality 70 %/);
    expect(lines[5]).toBe('unknown: not learnt and no quality declared, taken as 50 % ± 25');
  });

  it('is the same to the bit after saving and loading, and whatever the order of columns', () => {
    const m = SET.models.length;
    const turned = {
      ...SET,
      models: SET.models.toReversed(),
      scores: SET.scores.map((_, i) => SET.scores[i - (i % m) + (m - 1 - (i % m))] ?? Number.NaN),
    };
    const expected = router.predict(ALGEBRA, MODELS);
    expect(irt.load(router.save()).predict(ALGEBRA, MODELS)).toEqual(expected);
    expect(irt.fit(turned, SEED).predict(ALGEBRA, MODELS)).toEqual(expected);
    const joined = router.join('new', [{ features: ALGEBRA, score: 1 }]);
    expect(irt.load(joined.save()).save()).toEqual(joined.save());
  });

  it('stands for one row, one model, all ties and no scores at all', () => {
    for (const scores of [[0.5], [Number.NaN], [1]]) {
      const [prediction] = irt
        .fit(smallSet(['only'], [{ text: '', scores }]), SEED)
        .predict(ALGEBRA, [namedModel('only')]);
      expect(prediction?.quality).toBeGreaterThan(0);
      expect(prediction?.quality).toBeLessThan(1);
      expect(prediction?.stderr).toBeGreaterThan(0);
    }
  });

  it('refuses a state that is not whole', () => {
    const state = router.save();
    const cut = { ...state, tensors: { ...state.tensors, weights: new Float32Array(3) } };
    expect(() => irt.load(cut)).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });
});
