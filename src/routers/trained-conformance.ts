import { describe, expect, it } from 'vitest';
import { asRouterState, flatState } from './conformance-state.ts';
import { namedModel, smallSet, textFeatures, twoTopics, withVectors } from './fixtures.ts';
import { UNDECLARED } from './prior.ts';
import type { Prediction } from './router.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { FitCancelled, takeRows, type TrainingSet } from './training-set.ts';

const OPTIONS = { seed: 7 } as const;
const TEXTS = ['Tell me about the matrix.', 'the treaty of the empire', '', '你好', 'x '.repeat(20_000), '\u0000{};()'];

type Embed = (text: string) => Float32Array;

function predictionsOf(router: TrainedRouter, names: readonly string[] = router.models, embed?: Embed): Prediction[][] {
  return TEXTS.map((text) =>
    router.predict(
      textFeatures(text, embed?.(text)),
      names.map((name) => namedModel(name)),
    ),
  );
}

/** True when every quality and error is sound; else the test has failed. */
function expectSound(all: readonly (readonly Prediction[])[]): void {
  for (const { quality, stderr } of all.flat()) {
    expect(quality).toBeGreaterThanOrEqual(0);
    expect(quality).toBeLessThanOrEqual(1);
    expect(stderr).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(stderr)).toBe(true);
  }
}

/** The set with its columns in another order. */
function reordered(set: TrainingSet, order: readonly number[]): TrainingSet {
  const m = set.models.length;
  const table = (source: Float64Array): Float64Array =>
    Float64Array.from(source, (_, i) => source[Math.floor(i / m) * m + (order[i % m] ?? 0)] ?? Number.NaN);
  return {
    ...set,
    models: order.map((from) => set.models[from] ?? ''),
    scores: table(set.scores),
    costs: table(set.costs),
    outputTokens: table(set.outputTokens),
  };
}

/** What holds of vectors, whether it was fitted on some or not. */
function vectorConformance(
  trained: TrainedRouter,
  expected: { readonly needed: boolean; readonly allowed: boolean },
): void {
  it('asks for vectors only where it has learnt from some', () => {
    const needs = trained.needs.includes('embedding');
    expect([expected.needed && !needs, needs && !expected.allowed]).toEqual([false, false]);
  });

  it('does without vectors, and with ones of another length or that are no numbers', () => {
    const broken = [undefined, Float32Array.of(1), new Float32Array(8).fill(Number.NaN)];
    for (const vector of broken) {
      const all = predictionsOf(trained, undefined, vector === undefined ? undefined : () => vector);
      expectSound(all);
      expect(all).toHaveLength(TEXTS.length);
    }
  });
}

/** What every router that learns must hold, whatever it is given; with `embed`, also where rows and queries have vectors. */
export function trainedConformance(given: Trainable, embed?: Embed): void {
  // Every set that it is fitted on has vectors, or none has.
  const trainable: Trainable =
    embed === undefined ? given : { ...given, fit: (rows, options) => given.fit(withVectors(rows, embed), options) };
  const predictions = (router: TrainedRouter, names?: readonly string[]) => predictionsOf(router, names, embed);

  describe(`${trainable.name} router, trained${embed === undefined ? '' : ' with vectors'}`, () => {
    const set = twoTopics(60);
    const trained = trainable.fit(set, OPTIONS);

    it('is called by its name and knows the models it has learnt about', () => {
      expect(trained.name).toBe(trainable.name);
      expect([...trained.models].sort()).toEqual([...set.models].sort());
      expectSound(predictions(trained));
    });

    const allowed = embed !== undefined;
    vectorConformance(trained, { needed: allowed && given.learnsFrom === 'embedding', allowed });

    it('is the same to the bit when fitted again', () => {
      expect(flatState(trainable.fit(set, OPTIONS).save())).toEqual(flatState(trained.save()));
    });

    it('is the same to the bit when saved and loaded', () => {
      const loaded = trainable.load(asRouterState(trained.save()));
      expect(predictions(loaded)).toEqual(predictions(trained));
      expect(flatState(loaded.save())).toEqual(flatState(trained.save()));
    });

    it('does not care in which order models stand', () => {
      const other = trainable.fit(reordered(set, [2, 0, 1]), OPTIONS);
      expect(predictions(other, set.models)).toEqual(predictions(trained, set.models));
      const asked = set.models.toReversed();
      expect(predictions(trained, asked).map((row) => row.toReversed())).toEqual(predictions(trained, set.models));
    });

    it('tolerates missing scores, down to a model without any', () => {
      const holes = { ...set, scores: set.scores.map((score, i) => (i % 3 === 1 && i % 2 === 0 ? Number.NaN : score)) };
      expectSound(predictions(trainable.fit(holes, OPTIONS)));
      const silent = { ...set, scores: set.scores.map((score, i) => (i % 3 === 1 ? Number.NaN : score)) };
      const all = predictions(trainable.fit(silent, OPTIONS));
      expectSound(all);
      expect(all).toHaveLength(TEXTS.length);
    });

    it('takes one model, one row, no row, and rows that are all the same', () => {
      const one = smallSet(
        ['only'],
        [0, 1, 1].map((score, i) => ({ text: `question ${i}`, scores: [score] })),
      );
      expectSound(predictions(trainable.fit(one, OPTIONS)));
      expectSound(predictions(trainable.fit(takeRows(set, [0]), OPTIONS)));
      expectSound(predictions(trainable.fit(takeRows(set, []), OPTIONS)));
      const same = smallSet(
        ['a', 'b'],
        Array.from({ length: 20 }, () => ({ text: 'again', scores: [1, 1] })),
      );
      const all = predictions(trainable.fit(same, OPTIONS));
      expectSound(all);
      for (const [a, b] of all) expect(a?.quality).toBeCloseTo(b?.quality ?? 0, 9);
    });

    it('knows of an unheard-of model only what is declared', () => {
      const [unheard, declared] = trained.predict(textFeatures('Hello'), [
        namedModel('unheard-of'),
        namedModel('declared', 0.9),
      ]);
      expect(unheard).toEqual(UNDECLARED);
      expect(declared?.quality).toBeGreaterThan(0.5);
    });

    it('finds a model by its name in the artifact, whatever the case', () => {
      const [plain, renamed, cased] = trained.predict(textFeatures('the matrix'), [
        namedModel('both'),
        { ...namedModel('mine'), as: 'both' },
        namedModel('BOTH'),
      ]);
      expect(renamed).toEqual(plain);
      expect(cased).toEqual(plain);
    });

    it('tolerates features that are not numbers', () => {
      const features = textFeatures('the matrix');
      const structure = (features.structure ?? new Float64Array(0)).map(() => Number.NaN);
      const models = set.models.map((name) => namedModel(name));
      const told = trained.predict({ ...features, structure }, models);
      expectSound([told]);
      expect(told).toHaveLength(models.length);
    });

    it('says why in words', () => {
      const models = set.models.map((name) => namedModel(name));
      for (const text of TEXTS) {
        const lines = trained.explain(textFeatures(text), models);
        expect(lines.length).toBeGreaterThan(0);
        for (const line of lines) expect(line).toMatch(/\S/);
      }
    });

    it('stops when it is asked to', () => {
      expect(() => trainable.fit(set, { ...OPTIONS, cancelled: () => true })).toThrow(FitCancelled);
    });

    it('refuses a state that is not its own', () => {
      const state = trained.save();
      const refused = expect.objectContaining({ code: 'artifact_invalid' });
      expect(() => trainable.load({ ...state, router: 'other' })).toThrowError(refused);
      expect(() => trainable.load({ ...state, tensors: {}, meta: {}, children: {} })).toThrowError(refused);
    });
  });
}
