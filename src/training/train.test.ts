import { describe, expect, it } from 'vitest';
import { activate } from '../routers/activate.ts';
import { decodeArtifact, encodeArtifact } from '../routers/artifact.ts';
import { loadCalibration } from '../routers/calibration.ts';
import { namedModel, textFeatures, twoTopics } from '../routers/fixtures.ts';
import { knn } from '../routers/knn.ts';
import { sha256 } from './artifact-file.ts';
import type { DatasetRow } from './dataset/row.ts';
import { queryOf, toTrainingSet } from './dataset/training-set.ts';
import { predictAll } from './evaluate/tables.ts';
import { unseenPredictions } from './evaluate/unseen.ts';
import { trainArtifact } from './train.ts';

const topics = twoTopics(120);
const m = topics.models.length;

/** Two topics: the mean of a hundred neighbours out of a hundred and twenty says little, and is far from what comes. */
const rows: DatasetRow[] = topics.features.map(({ query }, i) => ({
  id: topics.ids[i] ?? '',
  dataset: 'topics',
  query: query.text,
  outcomes: Object.fromEntries(
    topics.models.map((model, j) => [model, { score: topics.scores[i * m + j] ?? 0, costUsd: 0.001 * (j + 1) }]),
  ),
}));
const { set } = toTrainingSet(rows, { needs: ['difficulty', 'ngrams', 'structure'] });
const raw = knn.fit(set, { seed: 7 });
const { artifact } = trainArtifact(rows, knn, { seed: 7 });
const reread = decodeArtifact(encodeArtifact(artifact, sha256), sha256);
const { router } = activate(reread, 'v');
const models = set.models.map((name) => namedModel(name));
const features = rows.map((row) => textFeatures(queryOf(row).text));

describe('a trained artifact', () => {
  it('predicts, after saving and loading, what its calibration makes of the fit, to the bit', () => {
    const calibration = loadCalibration(artifact.calibration ?? { router: '', meta: {}, tensors: {} });
    expect(calibration.kind).toBe('platt');
    for (const each of features) {
      const expected = raw.predict(each, models).map((prediction) => calibration.apply(prediction));
      expect(router.predict(each, models)).toEqual(expected);
      expect(expected).not.toEqual(raw.predict(each, models));
    }
  });

  it('never turns two predictions round', () => {
    const before = predictAll(raw, features, set.models).quality;
    const after = predictAll(router, features, set.models).quality;
    const order = Array.from(before.keys()).sort((a, b) => (before[a] ?? 0) - (before[b] ?? 0));
    for (const [k, at] of order.entries()) {
      expect(after[at]).toBeGreaterThanOrEqual(after[order[Math.max(0, k - 1)] ?? at] ?? 1);
    }
  });

  it('keeps a sample that is calibrated as its router is', () => {
    const calibration = loadCalibration(artifact.calibration ?? { router: '', meta: {}, tensors: {} });
    const unseen = unseenPredictions(raw, knn, set, { seed: 7 });
    expect(reread.sample?.quality).toEqual(Float32Array.from(unseen, (quality) => calibration.qualityOf(quality)));
  });

  it('tells its calibration error before and after', () => {
    const { ece, calibration } = reread.metrics as {
      ece: number;
      calibration: { kind: string; ece: { before: number; after: number }; brier: { before: number; after: number } };
    };
    expect(calibration.kind).toBe('platt');
    expect(ece).toBe(calibration.ece.after);
    expect(calibration.ece.after).toBeLessThan(calibration.ece.before);
    expect(calibration.brier.after).toBeLessThan(calibration.brier.before);
  });

  it('says what its calibration does, and leaves declared qualities alone', () => {
    const [query = textFeatures('')] = features;
    const asked = [...models, namedModel('stranger', 0.8)];
    expect(router.predict(query, asked).at(-1)).toEqual({ quality: 0.8, stderr: 0.05 });
    const best = Math.max(...raw.predict(query, models).map(({ quality }) => quality));
    const calibrated = Math.max(...router.predict(query, models).map(({ quality }) => quality));
    const percent = (share: number) => `${Number((share * 100).toFixed(1))} %`;
    const line = router.explain(query, asked).at(-1);
    expect(line).toMatch(/^calibrated \(platt\)/);
    expect(line).toContain(`${percent(best)} for`);
    expect(line).toContain(`counts as ${percent(calibrated)}`);
    expect(router.explain(query, asked).slice(0, -1)).toEqual(raw.explain(query, asked));
  });

  it('of before there was a calibration predicts as it did', () => {
    const { calibration: _, ...older } = artifact;
    const old = activate(decodeArtifact(encodeArtifact(older, sha256), sha256), 'v').router;
    for (const each of features) expect(old.predict(each, models)).toEqual(raw.predict(each, models));
  });

  it('of too few queries to split has neither a calibration nor a sample', () => {
    const few = trainArtifact(rows.slice(0, 8), knn, { seed: 7 }).artifact;
    expect([few.calibration, few.sample, few.metrics['ece']]).toEqual([undefined, undefined, null]);
  });
});
