import { describe, expect, it } from 'vitest';
import { namedModel, smallSet, textFeatures, twoTopics } from './fixtures.ts';
import { mf } from './mf.ts';

const NONE = Number.NaN;
const models = ['a', 'both', 'h', 'new'].map((name) => namedModel(name));
const algebra = textFeatures('Tell me about the polynomial and the matrix of this equation.');
const history = textFeatures('Tell me about the empire and the king of this century.');

describe('mf', () => {
  const set = twoTopics(120);
  const fitted = mf.fit(set, { seed: 7 });

  it('learns who answers what, and says who is expected to win', () => {
    const [a, both, h, unseen] = fitted.predict(algebra, models);
    expect(a?.quality).toBeGreaterThan((h?.quality ?? 1) + 0.5);
    expect(both?.quality).toBeGreaterThan(0.6);
    expect(unseen).toEqual({ quality: 0.5, stderr: 0.25 });
    const [a2, , h2] = fitted.predict(history, models);
    expect(h2?.quality).toBeGreaterThan((a2?.quality ?? 1) + 0.5);
    const [line] = fitted.explain(algebra, models);
    expect(line).toMatch(/^a: \d+ % here, 50 % on average, expected to win \d+ % of its comparisons$/);
  });

  it('loads what it saved to the bit, and fits the same bits again whatever the order of columns', () => {
    const turned = {
      ...set,
      models: ['h', 'a', 'both'],
      scores: set.scores.map((_, i) => set.scores[i - (i % 3) + ((i + 2) % 3)] ?? NONE),
    };
    const again = mf.fit(turned, { seed: 7 });
    const loaded = mf.load(fitted.save());
    for (const features of [algebra, history, textFeatures('')]) {
      const once = fitted.predict(features, models);
      expect(loaded.predict(features, models)).toEqual(once);
      expect(again.predict(features, models)).toEqual(once);
    }
  });

  it('stands one model, one row, equal scores and missing ones', () => {
    const row = (text: string, ...scores: number[]) => ({ text, scores });
    for (const small of [
      smallSet(['a'], [row('x', 0.5)]),
      smallSet(['a', 'h'], [row('x', 1, 0)]),
      smallSet(
        ['a', 'h'],
        Array.from({ length: 30 }, (_, i) => row(`x ${i}`, 0.5, 0.5)),
      ),
      smallSet(
        ['a', 'h'],
        Array.from({ length: 30 }, (_, i) => row(`x ${i}`, i % 2 === 0 ? NONE : 1, i % 2 === 0 ? 1 : NONE)),
      ),
    ]) {
      for (const { quality, stderr } of mf.fit(small, { seed: 7 }).predict(algebra, models)) {
        expect(quality).toBeGreaterThanOrEqual(0);
        expect(quality).toBeLessThanOrEqual(1);
        expect(stderr).toBeGreaterThan(0);
      }
    }
  });
});
