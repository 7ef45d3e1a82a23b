import { describe, expect, it } from 'vitest';
import { namedModel, textFeatures, twoTopics } from './fixtures.ts';
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
});
