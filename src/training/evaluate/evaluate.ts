import { SignalboxError } from '../../errors.ts';
import type { Trainable } from '../../routers/trained.ts';
import { takeRows, type TrainingSet } from '../../routers/training-set.ts';
import { assess, type Trial } from './assess.ts';
import { aucOf, rangeOf } from './bootstrap.ts';
import { contenderOf, type Contender } from './contender.ts';
import { PREDICTING_CONTROLS } from './controls.ts';
import { meansOf } from '../../decide/curve.ts';
import { oracleControl, randomControl, singleControls, zeroControl } from './fixed.ts';
import { judge, type Judged, type JudgeOptions, type Split } from './judge.ts';
import { outcomesOf, type Outcomes } from './outcomes.ts';
import type { RouterReport, SetReport } from './report.ts';
import { singlesOf } from './singles.ts';
import { foldSplits, heldOutSplit, shrinkSplits } from './splits.ts';

/** Every control, in the order they are shown. */
export const CONTROL_NAMES = [
  'cheapest',
  'best-single',
  'random',
  'zero',
  'constant',
  'length',
  'shuffled',
  'prototype',
  'oracle',
] as const;
export type ControlName = (typeof CONTROL_NAMES)[number];

/** Shares of the training queries that a learning curve is drawn over; 1 is the evaluation itself. */
const CURVE_SHARES = [1 / 8, 1 / 4, 1 / 2];

export interface EvaluateOptions extends Omit<JudgeOptions, 'progress'> {
  readonly routers: readonly Trainable[];
  /** All by default. `zero` and `oracle` are computed in any case: other numbers are counted against them. */
  readonly controls?: readonly ControlName[];
  readonly resamples?: number;
  /** Fits every router on parts of the training rows too. */
  readonly learningCurve?: boolean;
  readonly progress?: (share: number) => void;
}

/** An evaluation and what it was computed from. */
export interface Evaluation {
  readonly report: SetReport;
  readonly outcomes: Outcomes;
  readonly judged: readonly Judged[];
  /** Split of each judged query. */
  readonly split: Int32Array;
}

/** Area of each contender's curve. */
function aucs(outcomes: Outcomes, judged: readonly Judged[]): Map<string, number | null> {
  const singles = singlesOf(outcomes);
  const range = rangeOf(singles);
  return new Map(
    judged.map(({ name, curve }) => [name, outcomes.costs === null ? null : aucOf(meansOf(curve), singles, range)]),
  );
}

type Point = RouterReport['learningCurve'][number];

function learningCurves(
  set: TrainingSet,
  outcomes: Outcomes,
  splits: readonly Split[],
  contenders: readonly Contender[],
  options: JudgeOptions & { readonly part: (share: number) => void },
): Map<string, Point[]> {
  const curves = new Map<string, Point[]>(contenders.map(({ name }) => [name, []]));
  const total = CURVE_SHARES.reduce((sum, share) => sum + share, 0);
  let before = 0;
  for (const share of CURVE_SHARES) {
    const smaller = shrinkSplits(splits, share, options.seed);
    const from = before;
    const { judged } = judge(set, outcomes, smaller, contenders, {
      ...options,
      strategies: false,
      progress: (done) => options.part((from + done * share) / total),
    });
    before += share;
    for (const [name, auc] of aucs(outcomes, judged)) curves.get(name)?.push({ share, rows: meanRows(smaller), auc });
  }
  return curves;
}

function meanRows(splits: readonly Split[]): number {
  return splits.reduce((sum, { train }) => sum + train.ids.length, 0) / Math.max(1, splits.length);
}

function evaluate(
  name: string,
  set: TrainingSet,
  outcomes: Outcomes,
  splits: readonly Split[],
  options: EvaluateOptions,
): Evaluation {
  const { routers, controls = CONTROL_NAMES, resamples = 1000, learningCurve = false, progress, ...judging } = options;
  const wanted = (control: { readonly name: string }): boolean => controls.some((known) => known === control.name);
  const contenders = [...routers.map(contenderOf), ...PREDICTING_CONTROLS.filter(wanted)];
  const stages = learningCurve ? [0.6, 0.95] : [0.95, 0.95];
  const [first = 1, second = 1] = stages;
  const { judged, singles } = judge(set, outcomes, splits, contenders, {
    ...judging,
    progress: (share) => progress?.(first * share),
  });
  const drawn = [
    ...routers.map(contenderOf),
    ...PREDICTING_CONTROLS.filter((control) => control.name === 'prototype' && wanted(control)),
  ];
  const partial = learningCurve
    ? learningCurves(set, outcomes, splits, drawn, {
        ...judging,
        part: (share) => progress?.(first + (second - first) * share),
      })
    : new Map<string, Point[]>();
  const whole = aucs(outcomes, judged);
  for (const [name, curve] of partial) curve.push({ share: 1, rows: meanRows(splits), auc: whole.get(name) ?? null });
  const all = new Map(
    [
      ...singleControls(outcomes, singles),
      randomControl(outcomes),
      zeroControl(outcomes),
      ...judged,
      oracleControl(outcomes),
    ].map((one) => [one.name, one]),
  );
  const shown = [...routers, ...CONTROL_NAMES.map((control) => ({ name: control }))]
    .filter(
      (one) =>
        routers.some((router) => router.name === one.name) ||
        wanted(one) ||
        one.name === 'zero' ||
        one.name === 'oracle',
    )
    .flatMap(({ name }) => all.get(name) ?? []);
  const trial: Trial = {
    name,
    set,
    outcomes,
    judged: shown,
    singles,
    trainRows: meanRows(splits),
    learningCurves: partial,
  };
  const report = assess(trial, {
    seed: options.seed,
    resamples,
    progress: (share) => progress?.(second + (1 - second) * share),
  });
  const split = new Int32Array(outcomes.rows.length);
  for (const [s, { test }] of splits.entries()) for (const at of test) split[at] = s;
  return { report, outcomes, judged: shown, split };
}

/**
 * Cross-validates routers and controls on one set: every query is judged by what was learnt on other folds, and everything
 * that is chosen (hyper-parameters, λ, the best single model) is chosen on training folds. Folds are grouped by query.
 * @throws `dataset_invalid` when there are fewer different queries than folds or nothing complete is left to judge,
 * {@link FitCancelled} when it was asked to stop.
 */
export function crossValidate(
  name: string,
  set: TrainingSet,
  options: EvaluateOptions & { readonly folds: number },
): Evaluation {
  const outcomes = outcomesOf(set);
  const different = new Set(set.groups).size;
  if (different < options.folds) {
    throw new SignalboxError(
      'dataset_invalid',
      `${options.folds} folds need at least ${options.folds} different queries; there ${different === 1 ? 'is 1' : `are ${different}`}`,
    );
  }
  return evaluate(name, set, outcomes, foldSplits(set, outcomes, options.folds, options.seed), options);
}

/**
 * Learns on some rows of the set and judges the others. Training rows that ask a judged query again are left out. A model
 * that training never saw is not judged: a router can only know its name.
 * @throws as {@link crossValidate}.
 */
export function trainAndTest(
  name: string,
  set: TrainingSet,
  rows: { readonly train: Int32Array; readonly test: Int32Array },
  options: EvaluateOptions,
): Evaluation {
  const outcomes = testOutcomes(set, rows);
  return evaluate(name, set, outcomes, [heldOutSplit(set, outcomes, rows.train)], options);
}

/** The outcomes of the test rows, over the models that training has scores (and, where the test rows have costs, costs) of. */
function testOutcomes(
  set: TrainingSet,
  { train, test }: { readonly train: Int32Array; readonly test: Int32Array },
): Outcomes {
  const m = set.models.length;
  const learnt = takeRows(set, train);
  const known = (table: Float64Array, column: number): boolean => {
    for (let at = column; at < table.length; at += m) if (!Number.isNaN(table[at])) return true;
    return false;
  };
  const scored = set.models.filter((_, column) => known(learnt.scores, column));
  const priced = set.models.map((_, column) => known(learnt.costs, column));
  const held = takeRows(set, test);
  const costs = held.costs.map((cost, i) => (priced[i % m] === true ? cost : Number.NaN));
  const outcomes = outcomesOf({ ...held, costs }, scored);
  return { ...outcomes, rows: outcomes.rows.map((row) => test[row] ?? 0) };
}
