import { describe, expect, it } from 'vitest';
import { elo } from './elo.ts';
import { namedModel, smallSet, textFeatures, twoTopics } from './fixtures.ts';
import { similarityElo, similarityWeights } from './similarity-elo.ts';

const models = ['a', 'both', 'h', 'new'].map((name) => namedModel(name));
const algebra = textFeatures('Tell me about the polynomial and the matrix of this equation.');
const history = textFeatures('Tell me about the empire and the king of this century.');

describe("RouteLLM's weights", () => {
  it('are ten times ten to the share of the largest similarity, by hand', () => {
    const [far, half, near] = similarityWeights(Float64Array.of(0, 0.25, 0.5));
    expect(far).toBeCloseTo(10, 9);
    expect(half).toBeCloseTo(31.6228, 4);
    expect(near).toBeCloseTo(100, 9);
  });

  it('are all alike where nothing is similar', () => {
    expect([...similarityWeights(Float64Array.of(0, -1))]).toEqual([10, 10]);
    expect(similarityWeights(Float64Array.of(0.5, Number.NEGATIVE_INFINITY))[1]).toBe(0);
  });
});

describe('similarity-elo', () => {
  const set = twoTopics(200);
  const fitted = similarityElo.fit(set, { seed: 7 });

  it('prefers who won on similar queries', () => {
    const [a, both, h, unseen] = fitted.predict(algebra, models);
    expect(a?.quality).toBeGreaterThan((h?.quality ?? 1) + 0.2);
    expect(both?.quality).toBeGreaterThan(h?.quality ?? 1);
    expect(unseen).toEqual({ quality: 0.5, stderr: 0.25 });
    const [a2, , h2] = fitted.predict(history, models);
    expect(h2?.quality).toBeGreaterThan((a2?.quality ?? 1) + 0.2);
  });

  it('names the queries that weigh most, and how strengths moved', () => {
    const lines = fitted.explain(algebra, models);
    expect(lines[0]).toMatch(/^weighs past queries by likeness, most of all q\d*[02468] \(\d\.\d\d\), q/);
    expect(lines[1]).toMatch(/^a: Elo \d+ here, \+\d+ against all queries, which is a quality of [\d.]+ %$/);
    expect(lines[4]).toBe('new: never compared, taken as declared');
  });

  it('loads what it saved to the bit', () => {
    const loaded = similarityElo.load(fitted.save());
    for (const features of [algebra, history, textFeatures('')]) {
      expect(loaded.predict(features, models)).toEqual(fitted.predict(features, models));
      expect(loaded.explain(features, models)).toEqual(fitted.explain(features, models));
    }
  });

  it('is elo where past queries are all alike', () => {
    const rows = Array.from({ length: 8 }, (_, i) => ({ text: 'the same', scores: [i < 6 ? 1 : 0, i < 4 ? 0 : 1] }));
    const same = smallSet(['x', 'y'], rows);
    const here = similarityElo
      .fit(same, { seed: 7 })
      .predict(textFeatures('the same'), [namedModel('x'), namedModel('y')]);
    const everywhere = elo.fit(same, { seed: 7 }).predict(algebra, [namedModel('x'), namedModel('y')]);
    for (const [i, { quality }] of here.entries()) expect(quality).toBeCloseTo(everywhere[i]?.quality ?? 0, 9);
  });
});
