import { describe, expect, it } from 'vitest';
import { namedModel, smallSet, textFeatures } from './fixtures.ts';
import { fitLogistic, logistic, meanLogits } from './logistic.ts';
import { stackRows } from './numeric/csr.ts';

const ONE_COLUMN = stackRows(
  [0, 1].map(() => ({ columns: Int32Array.of(0), values: Float32Array.of(1) })),
  1,
);

/** `poet` is good at poems, `coder` at code, `half` always half right, `absent` was never asked. */
const ROWS = Array.from({ length: 24 }, (_, i) =>
  i % 2 === 0
    ? { text: `Write a poem about the number ${i}`, scores: [1, i % 3 === 0 ? Number.NaN : 0, 0.5, Number.NaN] }
    : { text: `Write a function that returns ${i}`, scores: [0, 1, 0.5, Number.NaN] },
);
const SET = smallSet(['poet', 'coder', 'half', 'absent'], ROWS);
const POEM = textFeatures('Write a poem about spring');
const MODELS = ['poet', 'coder', 'half'].map((name) => namedModel(name));

describe('the fit', () => {
  it('minimises cross-entropy and penalty: by hand', () => {
    // Two rows with x = 1 and score 1, offset 0, λ = 1: the slope 2·(σ(w) − 1) + w is 0 at w = .6749.
    const [w] = fitLogistic(ONE_COLUMN, Float64Array.of(1, 1), Float64Array.of(0), { lambda: 1, tolerance: 1e-9 });
    expect(w).toBeCloseTo(0.6749, 3);
  });

  it('learns from shares of a success as from their mean, and skips what was not recorded', () => {
    // .5 and .5 say what 1 and 0 say; the second model has one row: σ(w) − 1 + w = 0 at w = .4010.
    const scores = Float64Array.of(0.5, 1, 0.5, Number.NaN);
    const [half, once] = fitLogistic(ONE_COLUMN, scores, Float64Array.of(0, 0), { lambda: 1, tolerance: 1e-9 });
    expect(half).toBeCloseTo(0, 9);
    expect(once).toBeCloseTo(0.401, 3);
  });

  it('starts from the logit of the mean, half a success and half a failure added', () => {
    const { offsets, counts } = meanLogits(Float64Array.of(1, Number.NaN, 1, 0, 0, 0), 2);
    // (2 + .5) / 4 and (0 + .5) / 3
    expect(offsets[0]).toBeCloseTo(Math.log(2.5 / 1.5), 12);
    expect(offsets[1]).toBeCloseTo(Math.log(0.5 / 2.5), 12);
    expect([...counts]).toEqual([3, 2]);
  });
});

describe('logistic', () => {
  it('finds who is good at what', () => {
    const router = logistic.fit(SET, { seed: 7 });
    const [poet, coder, half] = router.predict(POEM, MODELS);
    expect(poet?.quality).toBeGreaterThan(0.6);
    expect(coder?.quality).toBeLessThan(0.5);
    expect(half?.quality).toBeCloseTo(0.5, 3);
  });

  it('is surer the more rows there are', () => {
    const stderrs = [1, 8].map((times) => {
      const set = smallSet(SET.models, Array.from({ length: times }, () => ROWS).flat());
      return logistic.fit(set, { seed: 7 }).predict(POEM, MODELS)[2]?.stderr ?? 0;
    });
    expect(stderrs[1]).toBeLessThan((stderrs[0] ?? 0) * 0.9);
  });

  it('says which words moved the score, and what it does not know', () => {
    const lines = logistic.fit(SET, { seed: 7 }).explain(POEM, [...MODELS, namedModel('absent'), namedModel('new')]);
    expect(lines[0]).toMatch(/^poet: \d+ %, on average 50 %; \+"[^"]*poem/);
    expect(lines[3]).toBe('absent: nothing learnt, taken as declared');
    expect(lines[4]).toBe('new: nothing learnt, taken as declared');
  });

  it('takes a model without recorded scores as declared', () => {
    const router = logistic.fit(SET, { seed: 7 });
    expect(router.predict(POEM, [namedModel('absent', 0.7), namedModel('absent')])).toEqual([
      { quality: 0.7, stderr: 0.05 },
      { quality: 0.5, stderr: 0.25 },
    ]);
  });

  it('is the same to the bit after saving and loading, and whatever the order of columns', () => {
    const router = logistic.fit(SET, { seed: 7 });
    const turned = smallSet(
      SET.models.toReversed(),
      ROWS.map(({ text, scores }) => ({ text, scores: scores.toReversed() })),
    );
    const expected = router.predict(POEM, MODELS);
    expect(logistic.load(router.save()).predict(POEM, MODELS)).toEqual(expected);
    expect(logistic.fit(turned, { seed: 7 }).predict(POEM, MODELS)).toEqual(expected);
  });

  it('refuses a state that is not whole', () => {
    const state = logistic.fit(SET, { seed: 7 }).save();
    const { weights: _, ...tensors } = state.tensors;
    expect(() => logistic.load({ ...state, tensors })).toThrow(expect.objectContaining({ code: 'artifact_invalid' }));
  });
});
