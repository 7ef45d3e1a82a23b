import { describe, expect, it } from 'vitest';
import { lambdaFor } from '../decide/lambda.ts';
import type { OutOfFoldSample } from '../routers/artifact.ts';
import { seededRandom } from '../routers/numeric/random.ts';
import { strategyPromises } from './promises.ts';

const MODELS = ['big', 'small'];

/** n rows of two models, the big one ten times as dear. */
function sampleOf(
  n: number,
  row: (i: number) => { readonly quality: number[]; readonly score: number[] },
): OutOfFoldSample {
  const rows = Array.from({ length: n }, (_, i) => row(i));
  return {
    rows: n,
    quality: Float32Array.from(rows.flatMap(({ quality }) => quality)),
    score: Float32Array.from(rows.flatMap(({ score }) => score)),
    expectedCost: Float32Array.from(rows.flatMap(() => [0.01, 0.001])),
    cost: new Float32Array(2 * n).fill(Number.NaN),
    inputTokens: new Float32Array(n),
    outputTokens: new Float32Array(2 * n).fill(Number.NaN),
  };
}

const share = (sample: OutOfFoldSample) => strategyPromises(MODELS, sample, 7)['balanced'];

describe('what strategies promise', () => {
  it('is all of the quality at the price of the queries that need the dear model, where predictions are right', () => {
    // Every fourth query needs the big one, so that 1/4 cost 0.01 and 3/4 cost 0.001, whichever half they are in.
    const sample = sampleOf(80, (i) => {
      const score = i % 8 < 2 ? [1, 0] : [1, 1];
      return { quality: score, score };
    });
    expect(share(sample)).toMatchObject({ of: 'big', qualityShare: 1, qualityShareCi: [1, 1], rows: 80, met: true });
    expect(share(sample)).toMatchObject({ expectedCost: 0.00325, expectedCostShare: 0.325 });
  });

  it('is judged on rows that did not choose λ: noise keeps less than it seems to on its own rows', () => {
    let [seeming, judged] = [0, 0];
    for (let seed = 1; seed <= 40; seed++) {
      const random = seededRandom(seed);
      const sample = sampleOf(60, () => ({
        quality: [random(), random()],
        score: [random() < 0.8 ? 1 : 0, random() < 0.77 ? 1 : 0],
      }));
      const { quality, score, expectedCost: cost } = sample;
      const found = lambdaFor({ models: MODELS, quality, score, cost }, MODELS, 0.98, 'big');
      const promise = share(sample);
      if (found?.met !== true || typeof promise !== 'object' || promise === null || !('qualityShare' in promise))
        continue;
      seeming += found.quality / (found.target / 0.98);
      judged += Number(promise['qualityShare']);
    }
    expect(seeming).toBeGreaterThan(5);
    expect(judged).toBeLessThan(seeming);
  });

  it('is nothing where there are no costs, or too few rows', () => {
    const sample = sampleOf(4, () => ({ quality: [1, 1], score: [1, 1] }));
    expect(strategyPromises(MODELS, { ...sample, expectedCost: new Float32Array(8).fill(Number.NaN) }, 7)).toEqual({});
    expect(
      strategyPromises(
        MODELS,
        sampleOf(1, () => ({ quality: [1, 1], score: [1, 1] })),
        7,
      ),
    ).toEqual({});
  });
});
