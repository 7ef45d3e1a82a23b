import { describe, expect, it } from 'vitest';
import { textFeatures, twoTopics } from '../../routers/fixtures.ts';
import { stackRows } from '../../routers/numeric/csr.ts';
import { fitCostLines, fitLines, onLines } from './length-line.ts';
import { createNearestMeans } from './neighbours.ts';
import { fitPrototype } from './prototype.ts';

const row = (...values: readonly number[]) => ({
  columns: Int32Array.from(values.keys()),
  values: Float32Array.from(values),
});

describe('createNearestMeans', () => {
  const rows = stackRows([row(1, 0), row(0.6, 0.8), row(0, 1)], 2);
  const targets = Float64Array.of(1, -1, 0, 1, Number.NaN, 0.5);

  it('weights the k nearest by similarity and holds back with imaginary ones', () => {
    const nearest = createNearestMeans(rows, targets, 2, { k: 2, pseudo: 1 });
    // Query (1, 0): similarities 1, .6, 0. First target (1·1 + .6·0) / (1 + .6 + 1), second (−1 + .6) / 2.6.
    const [first, second] = nearest(stackRows([row(1, 0)], 2));
    expect(first).toBeCloseTo(1 / 2.6, 6);
    expect(second).toBeCloseTo(-0.4 / 2.6, 6);
  });

  it('leaves out what is not recorded and the own fold', () => {
    const nearest = createNearestMeans(rows, targets, 2, { k: 3, pseudo: 0 });
    // The third row's own fold has it alone; of the others only the second is near.
    const out = nearest(rows, Int32Array.of(0, 1, 2));
    expect(out[4]).toBeCloseTo(0, 6);
    expect(out[5]).toBeCloseTo(1, 6);
    expect(nearest(stackRows([row(0, 1)], 2))[0]).toBeCloseTo(0, 6);
  });
});

describe('fitLines', () => {
  it('is least squares over what is recorded', () => {
    const lines = fitLines(Float64Array.of(0, 1, 2, 9), Float64Array.of(1, 3, 5, Number.NaN), 1);
    expect([...onLines(lines, Float64Array.of(4))]).toEqual([9]);
    expect(fitLines(Float64Array.of(0, 2), Float64Array.of(0, 2), 1, 2).slope[0]).toBe(0.5);
  });

  it('says nothing of a cost that was never recorded', () => {
    expect(fitCostLines(twoTopics(8))([textFeatures('x')]).every(Number.isNaN)).toBe(true);
  });
});

describe('fitPrototype', () => {
  const set = twoTopics(240);
  const m = set.models.length;
  const [a, h] = [set.models.indexOf('a'), set.models.indexOf('h')];
  const algebra = textFeatures('Explain the matrix and the integral');
  const history = textFeatures('Explain the treaty and the dynasty');

  it.each(['ridge', 'knn', 'blend'] as const)('%s learns which model knows which topic', (parts) => {
    const fitted = fitPrototype(set, { seed: 1 }, parts);
    const predicted = fitted.predict([algebra, history]);
    expect(predicted[a] ?? 0).toBeGreaterThan(predicted[h] ?? 1);
    expect(predicted[m + h] ?? 0).toBeGreaterThan(predicted[m + a] ?? 1);
  });

  it('blends by the plain mean', () => {
    const [ridge, knn, blend] = (['ridge', 'knn', 'blend'] as const).map((parts) =>
      fitPrototype(set, { seed: 1 }, parts).predict([algebra]),
    );
    expect(blend?.[a]).toBeCloseTo(((ridge?.[a] ?? 0) + (knn?.[a] ?? 0)) / 2, 12);
  });

  it('predicts its own rows from others only: a row that says something of its own does not find it back', () => {
    const strange = set.features.map((features, i) => (i === 0 ? textFeatures('zyzzyva quokka xylem') : features));
    const scores = set.scores.slice();
    scores.set(new Float64Array(m).fill(1), 0);
    const low = scores.slice();
    low.set(new Float64Array(m), 0);
    const own = (table: Float64Array): number =>
      fitPrototype({ ...set, features: strange, scores: table }, { seed: 1 }).outOfFold(5)[a] ?? 0;
    // Only the model's mean knows the row: by 1 / 240.
    expect(own(scores) - own(low)).toBeCloseTo(1 / 240, 3);
  });
});
