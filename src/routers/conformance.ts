import { describe, expect, it } from 'vitest';
import { buildQuery } from '../query/build.ts';
import { computeFeatures } from '../query/features.ts';
import { namedModel } from './fixtures.ts';
import type { Features, Router } from './router.ts';

/** The features of a plain user message. */
export function featuresOf(text: string, router: Router): Features {
  const query = buildQuery({
    messages: [{ role: 'user', text, images: 0, audio: 0, files: 0 }],
    toolCount: 0,
    toolChars: 0,
    json: false,
    reasoning: false,
    stream: false,
  });
  return computeFeatures(query, router.needs);
}

const MODELS = [
  namedModel('small', 0.5),
  namedModel('unheard-of'),
  namedModel('large', 0.9),
  namedModel('twin', 0.9),
  namedModel('zero', 0),
  namedModel('one', 1),
];
const TEXTS = ['', 'Prove that there are infinitely many primes.', '你好', 'x'.repeat(2_000_000), '\u0000\uFFFF {}();'];

/** What every router must hold. */
export function routerConformance(router: Router): void {
  describe(`${router.name} router`, () => {
    it('predicts a sound quality and error for every model, whatever the text', () => {
      for (const text of TEXTS) {
        const predictions = router.predict(featuresOf(text, router), MODELS);
        expect(predictions).toHaveLength(MODELS.length);
        for (const { quality, stderr } of predictions) {
          expect(quality).toBeGreaterThanOrEqual(0);
          expect(quality).toBeLessThanOrEqual(1);
          expect(stderr).toBeGreaterThanOrEqual(0);
          expect(Number.isFinite(stderr)).toBe(true);
        }
      }
    });

    it('is deterministic, and the order of models does not matter', () => {
      const features = featuresOf('Compare two sorting algorithms.', router);
      const once = router.predict(features, MODELS);
      expect(router.predict(features, MODELS)).toEqual(once);
      expect(router.predict(features, MODELS.toReversed())).toEqual(once.toReversed());
      for (const [i, single] of MODELS.entries()) expect(router.predict(features, [single])).toEqual([once[i]]);
      expect(router.predict(features, [])).toEqual([]);
    });

    it('gives equal models equal predictions', () => {
      const [a, b] = router.predict(featuresOf('Hello', router), [namedModel('a', 0.7), namedModel('b', 0.7)]);
      expect(a).toEqual(b);
    });

    it('tolerates features that are not numbers', () => {
      const features = featuresOf('Hello', router);
      const broken: Features = {
        query: { ...features.query, signals: { words: Number.NaN, lines: Number.POSITIVE_INFINITY } },
        difficulty: Number.NaN,
      };
      for (const { quality } of router.predict(broken, MODELS)) expect(quality).toBeGreaterThanOrEqual(0);
    });

    it('says why in words, and changes nothing that it is given', () => {
      const features = featuresOf('Why is the sky blue?', router);
      const before = JSON.stringify([features, MODELS]);
      const lines = router.explain(features, MODELS);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(/\S/);
      expect(JSON.stringify([features, MODELS])).toBe(before);
    });
  });
}
