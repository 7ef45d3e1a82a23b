import { describe, expect, it } from 'vitest';
import { fitCalibration } from '../../routers/calibration.ts';
import { twoTopics } from '../../routers/fixtures.ts';
import { knn } from '../../routers/knn.ts';
import { SignalboxError } from '../../errors.ts';
import type { Trainable, TrainedRouter } from '../../routers/trained.ts';
import { FitCancelled, type TrainingSet } from '../../routers/training-set.ts';
import { contenderOf } from './contender.ts';
import { CONTROL_NAMES, crossValidate, trainAndTest, type EvaluateOptions } from './evaluate.ts';
import { fitPrototype } from './prototype.ts';
import { reportHtml } from './report-html.ts';
import { reportJson } from './report-json.ts';
import { reportMarkdown } from './report-markdown.ts';
import { score } from './report-text.ts';
import { INNER_FOLDS, outOfFold } from './unseen.ts';

/** The two topics with costs: `both` is ten times as dear. */
function priced(n: number): TrainingSet {
  const set = twoTopics(n);
  return { ...set, costs: set.scores.map((_, i) => (set.models[i % set.models.length] === 'both' ? 0.01 : 0.001)) };
}

/** The prototype as a router that learns, so that the evaluation can be tested without the routers. */
const lexical: Trainable = {
  name: 'lexical',
  fit(rows, options): TrainedRouter {
    const fitted = fitPrototype(rows, options);
    return {
      name: 'lexical',
      needs: ['ngrams'],
      models: rows.models,
      predict(features, models) {
        const quality = fitted.predict([features]);
        return models.map(({ id }) => ({ quality: quality[rows.models.indexOf(id)] ?? 0.5, stderr: 0.01 }));
      },
      explain: () => [],
      save: () => ({ router: 'lexical', meta: {}, tensors: {} }),
    };
  },
  load: () => {
    throw new Error('not needed');
  },
};

let clock = 0;
const options: EvaluateOptions = { seed: 7, routers: [lexical], resamples: 100, now: () => (clock += 1) };

describe('crossValidate', () => {
  const set = priced(200);
  const { report, split } = crossValidate('topics', set, { ...options, folds: 5, learningCurve: true });
  const router = (name: string) => {
    const found = report.routers.find((one) => one.name === name);
    if (found === undefined) throw new Error(`${name} is missing`);
    return found;
  };

  it('shows every router and control, the routers first', () => {
    expect(report.routers.map(({ name }) => name)).toEqual(['lexical', ...CONTROL_NAMES]);
    expect(report).toMatchObject({ name: 'topics', rows: 200, models: 3 });
    expect(new Set(split)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('sees that topics can be learnt and that the controls learn nothing', () => {
    const { auc, aucMinusZeroCi, gapClosed, costAtParity } = router('lexical');
    expect(auc).toBeGreaterThan((report.zeroAuc ?? 1) + 0.05);
    expect(aucMinusZeroCi?.[0]).toBeGreaterThan(0);
    expect(gapClosed).toBeGreaterThan(0.5);
    expect(costAtParity).toBeLessThan(0.5);
    // Length is not among them: these topics' words differ in length.
    for (const name of ['constant', 'shuffled', 'random', 'cheapest', 'best-single']) {
      expect(router(name).auc, name).toBeLessThan((report.zeroAuc ?? 0) + 0.02);
    }
    expect(router('prototype').auc).toBeCloseTo(auc ?? 0, 1);
  });

  it('holds every router against every control but the oracle', () => {
    const { aucMinusControls, aucMinusPrototype, aucMinusPrototypeCi } = router('lexical');
    expect(Object.keys(aucMinusControls)).toEqual(CONTROL_NAMES.filter((name) => name !== 'oracle'));
    expect(aucMinusControls['prototype']).toEqual({ difference: aucMinusPrototype, ci: aucMinusPrototypeCi });
    expect(aucMinusControls['shuffled']?.ci?.[0]).toBeGreaterThan(0);
  });

  it('gives strategies as a user gets them, counted against the best single model of training rows', () => {
    const { balanced, 'cost-first': frugal } = router('lexical').strategies;
    expect(balanced?.qualityShare).toBeGreaterThan(0.97);
    expect(balanced?.costShare).toBeLessThan(0.5);
    expect(frugal?.cost ?? 1).toBeLessThanOrEqual(balanced?.cost ?? 0);
    expect(router('best-single').strategies.balanced).toMatchObject({ qualityShare: 1, costShare: 1 });
  });

  it('has the oracle at the top of every measure', () => {
    expect(router('oracle')).toMatchObject({ auc: report.oracle.auc, gapClosed: 1, optimalRate: 1 });
    for (const { auc, maxQuality } of report.routers) {
      expect(auc ?? 0).toBeLessThanOrEqual((report.oracle.auc ?? 0) + 1e-12);
      expect(maxQuality).toBeLessThanOrEqual(report.oracle.quality + 1e-12);
    }
  });

  it('draws a learning curve that ends in the evaluation itself', () => {
    const curve = router('lexical').learningCurve;
    expect(curve.map(({ share }) => share)).toEqual([0.125, 0.25, 0.5, 1]);
    expect(curve.at(-1)?.auc).toBe(router('lexical').auc);
    expect(curve.at(-1)?.rows).toBe(160);
  });

  it('gives the same numbers for the same seed, but for times', () => {
    const again = crossValidate('topics', set, { ...options, folds: 5, learningCurve: true }).report;
    const timeless = (one: object): object => ({ ...one, fitSeconds: 0, decideMicros: 0 });
    expect(again.routers.map(timeless)).toEqual(report.routers.map(timeless));
  });
});

describe('calibration', () => {
  const set = priced(120);
  const evaluation = crossValidate('topics', set, { ...options, routers: [knn], controls: ['constant'], folds: 3 });
  const { report, judged } = evaluation;
  const [router, ...controls] = report.routers;

  it('is told of every router, before and after, in all reports', () => {
    const [before, after] = [router?.uncalibrated?.ece ?? 0, router?.calibration?.ece ?? 1];
    expect(after).toBeLessThan(before);
    expect(router?.calibration?.brier).toBeLessThan(router?.uncalibrated?.brier ?? 0);
    const whole = { seed: 7, folds: 3, resamples: 100, train: [], sets: [report] };
    const told = `${score(before, 3)} → ${score(after, 3)}`;
    expect(reportMarkdown(whole)).toContain(told);
    expect(reportHtml(whole)).toContain(told);
    expect(reportHtml(whole)).toContain(`ECE ${score(after, 3)} (${score(before, 3)} before calibration)`);
    const errors = report.routers.map(({ uncalibrated }) => ({ uncalibrated }));
    expect(reportJson(whole)).toMatchObject({ sets: [{ routers: errors }] });
  });

  it('is not done to controls', () => {
    expect(controls.map(({ uncalibrated }) => uncalibrated)).toEqual(controls.map(() => null));
  });

  it('changes no ranking of the models of a query, and what a strategy promises is measured on it', () => {
    const [own] = judged;
    const m = report.models;
    const [raw, calibrated] = [own?.uncalibrated ?? [], own?.forecast?.quality ?? []];
    for (let i = 0; i < raw.length; i++) {
      const first = i - (i % m);
      if ((raw[i] ?? 0) > (raw[first] ?? 0)) expect(calibrated[i]).toBeGreaterThanOrEqual(calibrated[first] ?? 1);
    }
    const fitted = contenderOf(knn).fit(set, { seed: 7, models: set.models, cost: null });
    const plain = outOfFold(knn, set, INNER_FOLDS, { seed: 7 });
    const learnt = fitCalibration(plain, set.scores, set.groups, { seed: 7 });
    expect(learnt.kind).toBe('platt');
    expect(fitted.outOfFold().quality).toEqual(plain.map((quality) => learnt.qualityOf(quality)));
  });
});

describe('without costs', () => {
  const { report } = crossValidate('unpriced', twoTopics(100), { ...options, folds: 4 });

  it('leaves out what needs them and still prints quality', () => {
    expect(report).toMatchObject({ zeroAuc: null, oracle: { auc: null, cost: null }, bestSingle: { cost: null } });
    for (const one of report.routers) {
      expect(one).toMatchObject({
        auc: null,
        aucCi: null,
        gapClosed: null,
        costAtParity: null,
        aiq: null,
        arena: null,
      });
      expect(one.strategies.balanced).toBeNull();
      expect(one.maxQuality).toBeGreaterThan(0);
    }
    const lexicalReport = report.routers[0];
    expect(lexicalReport?.strategies['quality-first']).toMatchObject({ cost: null, costShare: null });
    expect(lexicalReport?.strategies['quality-first']?.quality).toBeGreaterThan(report.bestSingle.quality - 0.05);
  });
});

describe('too few queries', () => {
  it('are refused: a fold that nothing is learnt for proves nothing', () => {
    expect(() => crossValidate('topics', priced(4), { ...options, folds: 5 })).toThrow(
      '5 folds need at least 5 different queries; there are 4',
    );
  });
});

describe('trainAndTest', () => {
  const all = priced(200);
  const rows = {
    train: Int32Array.from({ length: 150 }, (_, i) => i),
    test: Int32Array.from({ length: 50 }, (_, i) => 150 + i),
  };

  it('judges the test rows only and does not learn from queries that are asked again in them', () => {
    const again = { ...all, groups: all.groups.map((group) => (group === 199 ? 0 : group)) };
    const { report, outcomes } = trainAndTest('held-out', again, rows, options);
    expect(report).toMatchObject({ rows: 50, trainRows: 149 });
    expect([...outcomes.rows]).toEqual([...rows.test]);
  });

  it('does not judge models that training never saw', () => {
    const scores = all.scores.map((score, i) => (i < 450 && i % 3 === 0 ? Number.NaN : score));
    const { report } = trainAndTest('held-out', { ...all, scores }, rows, options);
    expect(report.models).toBe(2);
  });
});

describe('outOfFold', () => {
  it('predicts rows by fits that have not seen them', () => {
    const set = priced(60);
    const out = outOfFold(lexical, set, 3, { seed: 1 });
    expect(out).toHaveLength(set.scores.length);
    // A row's own score cannot be found back: both rows of a topic are near the topic's mean.
    expect(out.every((quality) => quality > -0.2 && quality < 1.2)).toBe(true);
    expect(contenderOf(lexical).name).toBe('lexical');
  });
});

describe('bad input', () => {
  it('refuses sets in which no query has everything, and says what to do', () => {
    const set = priced(40);
    const m = set.models.length;
    const scores = set.scores.map((score, i) => (Math.floor(i / m) % m === i % m ? Number.NaN : score));
    const run = () => crossValidate('holes', { ...set, scores }, { ...options, folds: 2 });
    expect(run).toThrow(SignalboxError);
    expect(run).toThrow(/--models/);
  });

  it('leaves out models with hardly any outcomes, and rows that are not complete', () => {
    const set = priced(60);
    const m = set.models.length;
    const scores = set.scores.map((score, i) => (i % m === 0 && i > 30 ? Number.NaN : score));
    scores[1] = Number.NaN;
    const { report } = crossValidate('holes', { ...set, scores }, { ...options, folds: 3 });
    expect(report).toMatchObject({ models: m - 1, rows: 59, left: { sparse: [set.models[0]], rows: 1 } });
  });

  it('stops when asked to', () => {
    expect(() => crossValidate('topics', priced(60), { ...options, folds: 3, cancelled: () => true })).toThrow(
      FitCancelled,
    );
  });
});
