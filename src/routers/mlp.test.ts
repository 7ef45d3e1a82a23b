import { describe, expect, it } from 'vitest';
import { namedModel, smallSet, textFeatures, twoTopics } from './fixtures.ts';
import { lossOf, mlp } from './mlp.ts';

const NONE = Number.NaN;
const models = ['a', 'both', 'h', 'new'].map((name) => namedModel(name));
const algebra = textFeatures('Tell me about the polynomial and the matrix of this equation.');
const history = textFeatures('Tell me about the empire and the king of this century.');

describe('the loss', () => {
  const set = { scores: Float64Array.of(1, 0.25, NONE, NONE), labels: ['x', ''] };

  it('is the cross-entropy of recorded scores and of the label, by hand', () => {
    const loss = lossOf(set, 2, ['w', 'x'], 0.5);
    const slope = new Float64Array(4);
    // Logit 0 for a right answer: ln 2. Logit ln 3 for a score of ¼: −¼ ln ¾ − ¾ ln ¼. Two equal labels: ln 2.
    const second = -(Math.log(0.75) + 3 * Math.log(0.25)) / 4;
    expect(loss(0, Float64Array.of(0, Math.log(3), 1, 1), slope)).toBeCloseTo(
      (Math.log(2) + second) / 2 + Math.log(2) / 2,
      12,
    );
    for (const [i, wanted] of [-0.25, 0.25, 0.25, -0.25].entries()) expect(slope[i]).toBeCloseTo(wanted, 12);
  });

  it('is nothing for a row without score and label', () => {
    const slope = Float64Array.of(9, 9, 9, 9);
    expect(lossOf(set, 2, ['w', 'x'], 1)(1, Float64Array.of(5, 5, 5, 5), slope)).toBe(0);
    expect([...slope]).toEqual([0, 0, 0, 0]);
  });
});

describe('mlp', () => {
  const set = twoTopics(120);
  const fitted = mlp.fit(set, { seed: 7 });

  it('learns who answers what, and says what a query looks like', () => {
    const [a, both, h, unseen] = fitted.predict(algebra, models);
    expect(a?.quality).toBeGreaterThan((h?.quality ?? 1) + 0.5);
    expect(both?.quality).toBeGreaterThan(0.6);
    expect(unseen).toEqual({ quality: 0.5, stderr: 0.25 });
    const [a2, , h2] = fitted.predict(history, models);
    expect(h2?.quality).toBeGreaterThan((a2?.quality ?? 1) + 0.5);
    const lines = fitted.explain(algebra, models);
    expect(lines[0]).toMatch(/^looks like algebra \(\d+ %\), history \(\d+ %\)$/);
    expect(lines[1]).toMatch(/^a: \d+ % here, 50 % on average$/);
  });

  it('loads what it saved to the bit, and fits the same bits again whatever the order of columns', () => {
    const turned = {
      ...set,
      models: ['h', 'a', 'both'],
      scores: set.scores.map((_, i) => set.scores[i - (i % 3) + ((i + 2) % 3)] ?? NONE),
    };
    const again = mlp.fit(turned, { seed: 7 });
    const loaded = mlp.load(fitted.save());
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
      for (const { quality, stderr } of mlp.fit(small, { seed: 7 }).predict(algebra, models)) {
        expect(quality).toBeGreaterThanOrEqual(0);
        expect(quality).toBeLessThanOrEqual(1);
        expect(stderr).toBeGreaterThan(0);
      }
    }
  });
});
