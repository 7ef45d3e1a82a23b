import { describe, expect, it } from 'vitest';
import { denseMatrix, denseRow, fitDenseInputs, loadDenseInputs, saveDenseInputs } from './dense-inputs.ts';
import { textFeatures, twoTopics } from './fixtures.ts';
import { readState } from './state-reader.ts';

const HELLO = textFeatures('What is a matrix?');

describe('dense inputs', () => {
  it('are finite and of size one where texts repeat and are fewer than directions', () => {
    for (const n of [0, 1, 40, 100, 120]) {
      const { features } = twoTopics(n);
      const inputs = fitDenseInputs(features, { seed: 7 });
      expect(inputs.lsa.basis.every((value) => Number.isFinite(value))).toBe(true);
      const matrix = denseMatrix(inputs, features);
      expect(matrix.every((value) => Math.abs(value) <= 4)).toBe(true);
      expect(matrix).toHaveLength(n * inputs.size);
      if (n < 40) continue;
      // Mean 0 and deviation 1, for the direction that says most.
      const first = features.map((_, i) => matrix[i * inputs.size] ?? 0);
      expect(first.reduce((a, b) => a + b, 0) / n).toBeCloseTo(0, 1);
      expect(first.reduce((a, b) => a + b * b, 0) / n).toBeCloseTo(1, 1);
    }
  });

  it('of like texts are alike, of missing or broken features ordinary', () => {
    const inputs = fitDenseInputs(twoTopics(120).features, { seed: 7 });
    expect(denseRow(inputs, { query: HELLO.query })).toEqual(denseRow(inputs, HELLO));
    const broken = { ...HELLO, structure: new Float64Array(inputs.size).fill(Number.NaN) };
    expect(denseRow(inputs, broken).every((value) => Number.isFinite(value))).toBe(true);
  });

  it('are the same to the bit after saving and loading', () => {
    const inputs = fitDenseInputs(twoTopics(60).features, { seed: 7 });
    const state = { router: 'mlp', meta: {}, tensors: saveDenseInputs(inputs) };
    const loaded = loadDenseInputs(readState(state, 'mlp'));
    expect(denseRow(loaded, HELLO)).toEqual(denseRow(inputs, HELLO));
    const cut = { ...state, tensors: { ...state.tensors, basis: new Float32Array(3) } };
    expect(() => loadDenseInputs(readState(cut, 'mlp'))).toThrow(/"basis" holds 3 numbers/);
  });
});
