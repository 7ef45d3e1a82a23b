import type { TrainingSet } from '../../routers/training-set.ts';
import { againstControls, type Measured } from './against-controls.ts';
import { aiqOf } from './aiq.ts';
import { arenaScore } from './arena.ts';
import { aucOf, bootstrap, differenceInterval, intervalOf, rangeOf, type Draws, type Interval } from './bootstrap.ts';
import { benchmarkReports, benchmarksOf } from './breakdown.ts';
import { calibrationOf } from './calibration.ts';
import { meansOf, type CurvePoints } from '../../decide/curve.ts';
import { cheapestReaching, hullOf } from '../../decide/hull.ts';
import type { Chosen, Judged, TrainedSingles } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import { regretsOf } from './regret.ts';
import type { CurvePoint, RouterReport, SetReport, SingleReport, StrategyReport } from './report.ts';
import { duelsOf, type DuelReport } from './duels.ts';
import { bestOf, cheapestOf, singlesOf } from './singles.ts';
import type { StrategyName } from './strategies.ts';

/** Relative slack when two scores are compared. */
export const SAME = 1e-9;

export interface AssessOptions {
  readonly seed: number;
  readonly resamples: number;
  readonly progress?: (share: number) => void;
}

/** What was judged, and by which split's fit each query was. */
export interface Trial {
  readonly name: string;
  readonly set: TrainingSet;
  readonly outcomes: Outcomes;
  readonly judged: readonly Judged[];
  readonly singles: TrainedSingles;
  readonly trainRows: number;
  readonly learningCurves: ReadonlyMap<string, RouterReport['learningCurve']>;
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Share of queries whose pick scores as well as the query's best model. */
function optimalShare({ scores, models }: Outcomes, picks: Float64Array): number {
  const m = models.length;
  let optimal = 0;
  for (const [i, score] of picks.entries()) {
    let best = 0;
    for (let j = 0; j < m; j++) best = Math.max(best, scores[i * m + j] ?? 0);
    if (score >= best - SAME) optimal++;
  }
  return optimal / picks.length;
}

/** The same for a model drawn at random: the expected share. */
function optimalShareAtRandom({ scores, models }: Outcomes): number {
  const m = models.length;
  let optimal = 0;
  for (let at = 0; at < scores.length; at += m) {
    const row = scores.subarray(at, at + m);
    const best = row.reduce((high, score) => Math.max(high, score), 0);
    optimal += row.reduce((count, score) => count + (score >= best - SAME ? 1 : 0), 0) / m;
  }
  return optimal / (scores.length / m);
}

/** What all contenders of a trial share. */
interface Frame {
  readonly trial: Trial;
  readonly draws: Draws;
  readonly singles: CurvePoints;
  readonly priced: boolean;
  readonly reference: { readonly quality: number; readonly cost: number };
  readonly points: ReadonlyMap<string, CurvePoints>;
  readonly aucs: ReadonlyMap<string, number | null>;
  readonly zeroAuc: number | null;
  readonly dearest: number;
  readonly duels: ReadonlyMap<string, DuelReport>;
}

function strategyReport(
  chosen: Chosen | null,
  name: string,
  strategy: StrategyName,
  frame: Frame,
): StrategyReport | null {
  if (chosen === null) return null;
  const { priced, reference, draws } = frame;
  const own = draws.strategies.get(name)?.[strategy] ?? null;
  const interval = (pick: 'quality' | 'cost' | 'qualityShare' | 'costShare'): Interval | null =>
    own === null ? null : intervalOf(own[pick]);
  const [quality, cost] = [mean(chosen.score), mean(chosen.cost)];
  return {
    quality,
    cost: priced ? cost : null,
    qualityShare: quality / reference.quality,
    costShare: priced ? cost / reference.cost : null,
    ci: {
      quality: interval('quality'),
      cost: priced ? interval('cost') : null,
      qualityShare: interval('qualityShare'),
      costShare: priced ? interval('costShare') : null,
    },
  };
}

function arenaOf(points: CurvePoints, balanced: StrategyReport | null): RouterReport['arena'] {
  const best = points.quality.reduce((high, quality, p) => Math.max(high, arenaScore(quality, points.cost[p] ?? 0)), 0);
  return {
    best,
    balanced: balanced === null || balanced.cost === null ? null : arenaScore(balanced.quality, balanced.cost),
  };
}

function difference(a: number | null | undefined, b: number | null | undefined): number | null {
  return a === null || b === null || a === undefined || b === undefined ? null : a - b;
}

/** A contender's area and its draws. */
function areaOf({ name }: Judged, { aucs, draws }: Frame): Measured {
  return { value: aucs.get(name) ?? null, draws: draws.auc.get(name) };
}

/** A contender's mean quality under `quality-first` and its draws. */
function qualityOf({ name, strategies }: Judged, { draws }: Frame): Measured {
  const chosen = strategies['quality-first'];
  const drawn = draws.strategies.get(name)?.['quality-first']?.quality;
  return { value: chosen === null ? null : mean(chosen.score), draws: drawn };
}

function uncalibratedOf(quality: Float64Array, { scores }: Outcomes): RouterReport['uncalibrated'] {
  const { ece, brier } = calibrationOf(quality, scores);
  return { ece, brier };
}

function routerReport(judged: Judged, frame: Frame): RouterReport {
  const { trial, draws, singles, priced, points, aucs, zeroAuc, duels } = frame;
  const { outcomes } = trial;
  const { name } = judged;
  const own = points.get(name) ?? meansOf(judged.curve);
  const auc = aucs.get(name) ?? null;
  const best = bestOf(singles);
  const [parity, costliest] = [singles.quality[best] ?? 0, singles.cost[best] ?? 0];
  const reached = (share: number): number | null => {
    const cost = priced && costliest > 0 ? cheapestReaching(own, share * parity) : null;
    return cost === null ? null : cost / costliest;
  };
  const strategies = {
    'quality-first': strategyReport(judged.strategies['quality-first'], name, 'quality-first', frame),
    balanced: strategyReport(judged.strategies.balanced, name, 'balanced', frame),
    'cost-first': strategyReport(judged.strategies['cost-first'], name, 'cost-first', frame),
  };
  const aucDraws = draws.auc.get(name);
  const paired = (other: Float64Array | undefined): Interval | null =>
    aucDraws === undefined || other === undefined || auc === null ? null : differenceInterval(aucDraws, other);
  const gap = difference(aucs.get('oracle'), zeroAuc);
  const aboveZero = difference(auc, zeroAuc);
  const duel = duels.get(name);
  const hasPick = !judged.best.some(Number.isNaN);
  return {
    name,
    control: judged.control,
    auc,
    aucCi: aucDraws === undefined || auc === null ? null : intervalOf(aucDraws),
    aucMinusZero: aboveZero,
    aucMinusZeroCi: paired(draws.zeroAuc),
    aucMinusPrototype: difference(auc, aucs.get('prototype')),
    aucMinusPrototypeCi: paired(draws.auc.get('prototype')),
    aucMinusControls: againstControls(judged, trial.judged, (one) => areaOf(one, frame)),
    qualityMinusControls: auc === null ? againstControls(judged, trial.judged, (one) => qualityOf(one, frame)) : {},
    gapClosed: gap === null || aboveZero === null || !(gap > 0) ? null : aboveZero / gap,
    maxQuality: own.quality.reduce((high, quality) => Math.max(high, quality), 0),
    costAtParity: reached(1),
    costAt98: reached(0.98),
    strategies,
    optimalRate: hasPick
      ? optimalShare(outcomes, judged.best)
      : name === 'random'
        ? optimalShareAtRandom(outcomes)
        : null,
    apgr: duel?.apgr ?? null,
    apgrCi: duel?.apgrCi ?? null,
    apgrMinusLengthCi: duel?.apgrMinusLengthCi ?? null,
    cpt50: duel?.cpt50 ?? null,
    cpt80: duel?.cpt80 ?? null,
    fitSeconds: judged.fitSeconds,
    decideMicros: judged.decideMicros,
    aiq: priced ? aiqOf(hullOf([own]), frame.dearest) : null,
    arena: priced ? arenaOf(own, strategies.balanced) : null,
    calibration: judged.forecast === null ? null : calibrationOf(judged.forecast.quality, outcomes.scores),
    uncalibrated: judged.uncalibrated === null ? null : uncalibratedOf(judged.uncalibrated, outcomes),
    benchmarks: benchmarkReports(outcomes, judged, hasPick),
    learningCurve: trial.learningCurves.get(name) ?? [],
  };
}

function frameOf(trial: Trial, options: AssessOptions): Frame {
  const { outcomes, judged } = trial;
  const { scores, costs, models } = outcomes;
  const m = models.length;
  const pick = (table: Float64Array | null): Float64Array =>
    Float64Array.from(trial.singles.best, (j, i) => table?.[i * m + j] ?? 0);
  const reference = { score: pick(scores), cost: pick(costs) };
  const draws = bootstrap(outcomes, judged, reference, options);
  const singles = singlesOf(outcomes);
  const range = rangeOf(singles);
  const priced = costs !== null;
  const points = new Map(judged.map(({ name, curve }) => [name, meansOf(curve)]));
  const hullEnds = [...points.values()].map((own) => hullOf([own]).cost.at(-1) ?? 0);
  return {
    trial,
    draws,
    singles,
    priced,
    reference: { quality: mean(reference.score), cost: mean(reference.cost) },
    points,
    aucs: new Map([...points].map(([name, own]) => [name, priced ? aucOf(own, singles, range) : null])),
    zeroAuc: priced ? aucOf(singles, singles, range) : null,
    dearest: Math.max(...hullEnds),
    duels: duelsOf(outcomes, judged, options),
  };
}

function pointList({ cost, quality }: { readonly cost: Float64Array; readonly quality: Float64Array }): CurvePoint[] {
  return Array.from(cost, (c, p) => ({ cost: c, quality: quality[p] ?? 0 }));
}

/** Turns what was judged into numbers with intervals. Deterministic given the seed. */
export function assess(trial: Trial, options: AssessOptions): SetReport {
  const frame = frameOf(trial, options);
  const { outcomes, judged, set, singles: trained } = trial;
  const { singles, priced, aucs, points } = frame;
  const { models, scores, left } = outcomes;
  const m = models.length;
  const single = (j: number): SingleReport => ({
    model: models[j] ?? '',
    quality: singles.quality[j] ?? 0,
    cost: priced ? (singles.cost[j] ?? 0) : null,
  });
  const [best, cheapest] = [bestOf(singles), cheapestOf(singles)];
  const oracle = judged.find(({ name }) => name === 'oracle');
  const always = Float64Array.from({ length: outcomes.rows.length }, (_, i) => scores[i * m + best] ?? 0);
  return {
    name: trial.name,
    rows: outcomes.rows.length,
    models: m,
    bestSingle: { ...single(best), optimalRate: optimalShare(outcomes, always) },
    cheapestSingle: single(priced ? cheapest : best),
    oracle: {
      quality: oracle === undefined ? oracleQuality(outcomes) : mean(oracle.best),
      cost: priced && oracle !== undefined ? mean(oracle.curve.cost) : null,
      auc: aucs.get('oracle') ?? null,
    },
    zeroAuc: frame.zeroAuc,
    zeroAucCi: frame.zeroAuc === null ? null : intervalOf(frame.draws.zeroAuc),
    routers: judged.map((one) => routerReport(one, frame)),
    benchmarks: benchmarksOf(outcomes, best, single),
    left,
    trainRows: trial.trainRows,
    drawn: {
      singles: models.map((_, j) => single(j)),
      curves: new Map([...points].map(([name, own]) => [name, pointList(own)])),
      zeroHull: pointList(hullOf([singles])),
      regrets: new Map(
        judged.filter(({ control }) => !control).map((one) => [one.name, regretsOf(set, outcomes, one, trained)]),
      ),
    },
  };
}

function oracleQuality({ scores, models }: Outcomes): number {
  const m = models.length;
  let sum = 0;
  for (let at = 0; at < scores.length; at += m) {
    sum += scores.subarray(at, at + m).reduce((high, score) => Math.max(high, score), 0);
  }
  return sum / (scores.length / m);
}
