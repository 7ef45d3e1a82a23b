import { describe, expect, it } from 'vitest';
import { unitVector } from '../query/embedder.ts';
import { asRouterState, flatState } from './conformance-state.ts';
import { namedModel, smallSet, textFeatures, twoTopics, withVectors } from './fixtures.ts';
import { learned } from './learned.ts';
import { gaussian, seededRandom } from './numeric/random.ts';
import { vectors } from './vectors.ts';

const OPTIONS = { seed: 7 } as const;
const models = ['a', 'b'].map((name) => namedModel(name));

/** `n` texts that say nothing, by turns for `a` and for `b` to answer; `noisy` of 100 are answered the wrong way round. */
function secret(n: number, noisy = 0) {
  const random = seededRandom(11);
  const rows = Array.from({ length: n }, (_, i) => {
    const word = () => Array.from({ length: 6 }, () => String.fromCodePoint(97 + Math.floor(random() * 26))).join('');
    const right = Number(random() * 100 >= noisy);
    return { text: `${word()} ${word()} ${word()}`, scores: i % 2 === 0 ? [right, 1 - right] : [1 - right, right] };
  });
  return smallSet(['a', 'b'], rows);
}

/** A vector of `dim` numbers with the class of row `i` in one direction. */
function hint(i: number, dim = 8, strength = 1): Float32Array {
  const random = seededRandom(i + 100);
  const numbers = Array.from({ length: dim }, () => gaussian(random) / Math.sqrt(dim));
  const class_ = i % 2 === 0 ? strength : -strength;
  return (
    unitVector(numbers.map((value, k) => value + 1 / Math.sqrt(dim) + (k === 1 ? class_ : 0))) ?? new Float32Array(dim)
  );
}

const askWith = (embedding?: Float32Array) => textFeatures('xyz xyz', embedding);

describe('vectors', () => {
  it('is a ridge on centred vectors of mean square length one, by hand', () => {
    // Two points (1, 0) and (0, 1): ±(½, −½) from their mean, ±1 along (1, −1)/√2 when scaled. Deviations ±½, four of each:
    // w = Σ t·d / (Σ t² + λ) = 4 / (8 + 30).
    const embed = (i: number) => (i % 2 === 0 ? Float32Array.of(1, 0) : Float32Array.of(0, 1));
    const router = vectors.fit(
      withVectors(secret(8), (_, row) => embed(row)),
      OPTIONS,
    );
    const [a, b] = router.predict(askWith(embed(0)), models);
    expect(a?.quality).toBeCloseTo(0.5 + 4 / 38, 6);
    expect(b?.quality).toBeCloseTo(0.5 - 4 / 38, 6);
    expect(router.predict(askWith(embed(1)), models)[0]?.quality).toBeCloseTo(0.5 - 4 / 38, 6);
    // It is linear: half way between them is the mean.
    expect(router.predict(askWith(Float32Array.of(0.5, 0.5)), models)[0]?.quality).toBeCloseTo(0.5, 6);
    expect(router.explain(askWith(embed(0)), models)).toEqual([
      'its vector moves models from their means: a +11, b −11 points',
    ]);
    expect(router.needs).toContain('embedding');
  });

  it('learns what the texts do not say, from vectors short and long', () => {
    for (const dim of [8, 256, 700]) {
      const set = withVectors(secret(300), (_, row) => hint(row, dim));
      const router = vectors.fit(set, OPTIONS);
      for (const i of [1000, 1001, 1002, 1003]) {
        const [a, b] = router.predict(askWith(hint(i, dim)), models);
        expect((a?.quality ?? 0) > (b?.quality ?? 0)).toBe(i % 2 === 0);
        expect(Math.abs((a?.quality ?? 0) - (b?.quality ?? 0))).toBeGreaterThan(0.4);
      }
    }
  });

  it('stays near the means when vectors say nothing', () => {
    const router = vectors.fit(
      withVectors(secret(400), (_, row) => hint(row, 64, 0)),
      OPTIONS,
    );
    for (let i = 0; i < 20; i++) {
      const [a] = router.predict(askWith(hint(5000 + i, 64, 0)), models);
      expect(Math.abs((a?.quality ?? 0) - 0.5)).toBeLessThan(0.2);
    }
  });

  it('tells the means with their errors when a query comes without its vector', () => {
    const set = withVectors(secret(100), (_, row) => hint(row));
    const router = vectors.fit(set, OPTIONS);
    // n = 100, variance (25 + ¼) / 101 over n.
    const expected = { quality: 0.5, stderr: Math.sqrt((25 + 0.25) / 101 / 100) };
    for (const features of [askWith(), askWith(hint(0, 9))]) {
      for (const told of router.predict(features, models)) {
        expect(told.quality).toBeCloseTo(expected.quality, 12);
        expect(told.stderr).toBeCloseTo(expected.stderr, 12);
      }
      expect(router.explain(features, models)).toEqual([
        'this query came without its vector: what vectors say is left out',
      ]);
    }
    const [sure] = router.predict(askWith(hint(0)), models);
    expect(sure?.stderr).toBeGreaterThan(expected.stderr);
  });

  it('learns from the rows that have a vector when nine of ten have one, and else from none', () => {
    const set = secret(100);
    const some = (missing: number) => withVectors(set, (_, row) => (row < missing ? undefined : hint(row)));
    expect(vectors.fit(some(10), OPTIONS).needs).toContain('embedding');
    expect(vectors.fit(some(11), OPTIONS).needs).not.toContain('embedding');
    // Rows without a vector do not count: their scores may be anything that keeps the means.
    const odd = some(10);
    const turned = { ...odd, scores: odd.scores.map((score, i) => (i < 20 ? 1 - score : score)) };
    const [one, other] = [odd, turned].map((each) => vectors.fit(each, OPTIONS).predict(askWith(hint(0)), models));
    expect(one?.[0]?.quality).toBeCloseTo(other?.[0]?.quality ?? 0, 12);
  });
});

describe('learned, where rows have vectors', () => {
  const plain = secret(200, 10);
  const set = withVectors(plain, (_, row) => hint(row));
  const router = learned.fit(set, OPTIONS);
  const without = learned.fit(plain, OPTIONS);

  it('uses what they know', () => {
    expect(router.needs).toContain('embedding');
    for (const i of [1000, 1001]) {
      const [a, b] = router.predict(askWith(hint(i)), models);
      expect((a?.quality ?? 0) - (b?.quality ?? 0)).toSatisfy((gap: number) => (i % 2 === 0 ? gap > 0.4 : gap < -0.4));
    }
  });

  it('answers a query without a vector as if there had never been any, to the bit', () => {
    const loaded = learned.load(asRouterState(router.save()));
    for (const [i, features] of plain.features.entries()) {
      if (i >= 30) break;
      expect(router.predict(features, models)).toEqual(without.predict(features, models));
      expect(loaded.predict(features, models)).toEqual(without.predict(features, models));
    }
    expect(router.explain(askWith(), models).join('\n')).toContain('came without its vector');
  });

  it('gives the weight of vectors to the other parts where too few rows are there to judge any', () => {
    const few = secret(30);
    const [mean, plainMean] = [withVectors(few, (_, row) => hint(row)), few].map((each) => learned.fit(each, OPTIONS));
    for (const features of few.features) {
      const [told, expected] = [mean, plainMean].map((one) => one?.predict(features, models) ?? []);
      expect(told).toHaveLength(2);
      for (const [c, { quality, stderr }] of (told ?? []).entries()) {
        expect(quality).toBeCloseTo(expected?.[c]?.quality ?? 0, 12);
        expect(stderr).toBeCloseTo(expected?.[c]?.stderr ?? 0, 12);
      }
    }
  });

  it('is judged by what it would say of rows without a vector too', () => {
    const holes = withVectors(plain, (_, row) => (row % 20 === 0 ? undefined : hint(row)));
    const told = learned.fit(holes, OPTIONS);
    expect(told.needs).toContain('embedding');
    const share = (rows: readonly number[]) =>
      rows.filter((row) => {
        const gap = (told.outOfFold?.[row * 2] ?? 0) - (told.outOfFold?.[row * 2 + 1] ?? 0);
        return gap > 0 === (row % 2 === 0);
      }).length / rows.length;
    const all = Array.from({ length: 200 }, (_, row) => row);
    expect(share(all.filter((row) => row % 20 !== 0))).toBeGreaterThan(0.9);
    for (const row of all.filter((each) => each % 20 === 0)) {
      expect(told.outOfFold?.[row * 2]).toBe(without.outOfFold?.[row * 2]);
    }
  });

  it('is the same to the bit without vectors as with too few of them', () => {
    for (const n of [30, 60]) {
      const topics = twoTopics(n);
      const few = withVectors(topics, (_, row) => (row % 5 === 0 ? undefined : hint(row)));
      const [one, other] = [topics, few].map((each) => learned.fit(each, OPTIONS));
      expect(flatState(other?.save() ?? learned.fit(topics, OPTIONS).save())).toEqual(
        flatState(one?.save() ?? without.save()),
      );
      expect(other?.outOfFold).toEqual(one?.outOfFold);
      expect(other?.needs).toEqual(['ngrams', 'structure']);
      expect(JSON.stringify(flatState(other?.save() ?? without.save()))).not.toContain('vectors');
    }
  });
});
