import { describe, expect, it } from 'vitest';
import { namedModel, textFeatures, twoTopics } from './fixtures.ts';
import { mf } from './mf.ts';

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
});
