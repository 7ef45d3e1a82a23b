import { describe, expect, it } from 'vitest';
import { viewOpenAIChat } from '../../protocol/openai-chat/view.ts';
import { buildQuery } from '../../query/build.ts';
import { computeFeatures } from '../../query/features.ts';
import type { DatasetRow } from './row.ts';
import { inputOf, toTrainingSet } from './training-set.ts';

const NEEDS = ['difficulty', 'ngrams', 'structure'] as const;

const ROWS: readonly DatasetRow[] = [
  {
    id: 'a',
    dataset: 'own',
    benchmark: 'maths',
    query: 'What is 2 + 2?',
    outcomes: {
      zeta: { score: 1, costUsd: 0.5, costEstUsd: 9, outputTokens: 7, outputChars: 400 },
      Alpha: { score: 0.25, costEstUsd: 0.1, outputChars: 9 },
    },
  },
  { id: 'b', dataset: 'own', query: 'what  is 2 + 2?', outcomes: { zeta: { score: 0 } } },
  { id: 'c', dataset: 'own', query: 'Weather in Oslo', tools: ['weather', 'map'], outcomes: { beta: { score: 0.5 } } },
];

describe('toTrainingSet', () => {
  it('lays out scores, costs and tokens row by row, columns in code unit order, NaN where nothing is recorded', () => {
    const { set } = toTrainingSet(ROWS, { needs: [] });
    expect(set.models).toEqual(['Alpha', 'beta', 'zeta']);
    expect(set.ids).toEqual(['a', 'b', 'c']);
    expect([...set.scores]).toEqual([0.25, Number.NaN, 1, Number.NaN, Number.NaN, 0, Number.NaN, 0.5, Number.NaN]);
    expect([...set.costs.subarray(0, 3)]).toEqual([0.1, Number.NaN, 0.5]);
    expect([...set.outputTokens.subarray(0, 3)]).toEqual([3, Number.NaN, 7]);
    expect(set.labels).toEqual(['maths', '', '']);
    expect([...set.groups]).toEqual([0, 0, 1]);
  });

  it('computes the features that the same request would have through the gateway', () => {
    const { set } = toTrainingSet(ROWS, { needs: NEEDS });
    for (const [i, { query, tools = [] }] of ROWS.entries()) {
      const live = viewOpenAIChat({
        model: 'auto',
        messages: [{ role: 'user', content: query }],
        ...(tools.length === 0 ? {} : { tools: tools.map((name) => ({ type: 'function', function: { name } })) }),
      });
      expect(inputOf({ query, tools })).toEqual(live);
      expect(set.features[i]).toEqual(computeFeatures(buildQuery(live), NEEDS));
    }
  });

  it('computes nothing that is not needed, and carries embeddings', () => {
    const embedding = Float32Array.of(1, 2);
    const { set } = toTrainingSet(ROWS, { needs: ['embedding'], embeddings: [undefined, embedding] });
    const { query, ...computed } = set.features[0] ?? {};
    expect(query).toBeDefined();
    expect(Object.values(computed).filter((feature) => feature !== undefined)).toEqual([]);
    expect(set.features[1]?.embedding).toBe(embedding);
  });

  it('takes some columns only, and refuses one that no row has', () => {
    const { set, summary } = toTrainingSet(ROWS, { needs: [], models: ['zeta', 'Alpha'] });
    expect(set.models).toEqual(['Alpha', 'zeta']);
    expect(summary.bestSingle?.name).toBe('zeta');
    expect(() => toTrainingSet(ROWS, { needs: [], models: ['omega'] })).toThrow(/"omega"; the models are Alpha, beta/);
    expect(() => toTrainingSet([], { needs: [] })).toThrow(/no rows/);
  });

  it('tells how far it is', () => {
    const told: number[] = [];
    toTrainingSet(ROWS, { needs: [], progress: (share) => told.push(share) });
    expect(told).toEqual([0, 1]);
  });

  it('does not take a model called like a member of every object for one', () => {
    const rows: DatasetRow[] = [
      { id: 'a', dataset: 'own', query: 'x', outcomes: { constructor: { score: 1 } } },
      { id: 'b', dataset: 'own', query: 'y', outcomes: { other: { score: 0 } } },
    ];
    expect([...toTrainingSet(rows, { needs: [] }).set.scores]).toEqual([1, Number.NaN, Number.NaN, 0]);
  });
});
