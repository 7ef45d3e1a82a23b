import { describe, expect, it } from 'vitest';
import { row } from './dataset/fixtures.ts';
import { toTrainingSet } from './dataset/training-set.ts';
import { linkedModels, thinWarnings } from './thin.ts';

const setOf = (scores: readonly Readonly<Record<string, number>>[], query = (i: number) => `query ${i}`) =>
  toTrainingSet(
    scores.map((each, i) => row(`r${i}`, query(i), each)),
    { needs: [] },
  ).set;

describe('thin rows', () => {
  it('says that a few queries measure nothing', () => {
    expect(thinWarnings(setOf([{ a: 1, b: 0 }]))).toEqual([
      '1 different query is too few: what a router learns from fewer than 30 cannot be measured',
    ]);
    const many = Array.from({ length: 30 }, () => ({ a: 1, b: 0 }));
    expect(thinWarnings(setOf(many))).toEqual([]);
    // Asked again is not another query.
    expect(thinWarnings(setOf(many, (i) => `query ${Math.min(i, 5)}`))).toEqual([
      expect.stringMatching(/^6 different queries are too few/),
    ]);
  });

  it('says that models which never meet cannot be compared', () => {
    const apart = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? { a: 1 } : { b: 0, c: 1 }));
    expect(thinWarnings(setOf(apart))).toEqual([
      'models that share no query cannot be compared: a | b, c; score all models on the same queries',
    ]);
    expect(thinWarnings(setOf(Array.from({ length: 40 }, () => ({ a: 1 }))))).toEqual([
      'a is the only model: there is nothing to choose between',
    ]);
  });

  it('links models over others, and over rows that ask the same', () => {
    expect(
      linkedModels(
        setOf([
          { a: 1, b: 0 },
          { c: 1, d: 0 },
          { b: 1, d: 1 },
        ]),
      ),
    ).toEqual([['a', 'b', 'c', 'd']]);
    expect(linkedModels(setOf([{ a: 1 }, { b: 1 }], () => 'the same'))).toEqual([['a', 'b']]);
  });
});
