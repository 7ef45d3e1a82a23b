import { checkpoint, takeRows, type FitOptions, type TrainingSet } from '../../routers/training-set.ts';
import { costOf, type Contender, type FitContext, type Fitted, type FittedForecast } from './contender.ts';
import type { Curve } from '../../decide/curve.ts';
import type { Outcomes } from './outcomes.ts';
import { bestOf, cheapestOf } from './singles.ts';
import { chooseByStrategies, STRATEGIES, type StrategyChoices, type StrategyName } from './strategies.ts';
import { sweep, type Forecast } from '../../decide/sweep.ts';
import { pickColumns } from './tables.ts';

/** Rows to learn from, and the queries (positions in the outcomes) that are judged by what was learnt. */
export interface Split {
  readonly train: TrainingSet;
  readonly test: Int32Array;
}

export interface JudgeOptions extends FitOptions {
  /** Milliseconds, for fit and decision times; they are measured and reported, never part of a result. */
  readonly now: () => number;
  /** Whether strategies choose too; they do by default. */
  readonly strategies?: boolean;
}

/** What a strategy's choices really scored and cost, per query. */
export interface Chosen {
  readonly score: Float64Array;
  readonly cost: Float64Array;
  /** Chosen column per query; −1 = not one model. */
  readonly column: Int32Array;
}

/** One contender's choices on every judged query, pooled over the splits. */
export interface Judged {
  readonly name: string;
  readonly control: boolean;
  readonly curve: Curve;
  /** Score of the pick at λ = 0, the model it thinks best, per query; NaN where it has no pick of its own. */
  readonly best: Float64Array;
  /** Null for controls that choose without predicting. */
  readonly forecast: Forecast | null;
  /** The forecast's qualities before calibration; null where nothing calibrates them. */
  readonly uncalibrated: Float64Array | null;
  readonly strategies: Readonly<Record<StrategyName, Chosen | null>>;
  /** Mean over the splits; null where nothing is fitted. */
  readonly fitSeconds: number | null;
  /** Median microseconds of one decision, features included. */
  readonly decideMicros: number | null;
}

/** What training rows say of single models: chosen there, so that test rows cannot flatter them. */
export interface TrainedSingles {
  /** Judged column per query: the best and the cheapest model of that query's training rows. */
  readonly best: Int32Array;
  readonly cheapest: Int32Array;
}

/** The best and the cheapest judged model on training rows that have everything recorded; on any recorded row where none has. */
function singlesOfTraining(
  train: TrainingSet,
  models: readonly string[],
  priced: boolean,
): { best: number; cheapest: number } {
  const m = models.length;
  const scores = pickColumns(train.scores, train.models, models);
  const costs = pickColumns(train.costs, train.models, models);
  const complete: number[] = [];
  for (let i = 0; i < train.ids.length; i++) {
    const at = i * m;
    const row = (table: Float64Array): Float64Array => table.subarray(at, at + m);
    if (row(scores).every(Number.isFinite) && (!priced || row(costs).every(Number.isFinite))) complete.push(i);
  }
  const rows = complete.length > 0 ? complete : Array.from(train.ids.keys());
  const mean = (table: Float64Array, j: number): number => {
    const known = rows.map((i) => table[i * m + j] ?? Number.NaN).filter((value) => !Number.isNaN(value));
    return known.length === 0 ? Number.NEGATIVE_INFINITY : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const quality = Float64Array.from({ length: m }, (_, j) => mean(scores, j));
  const cost = Float64Array.from({ length: m }, (_, j) => (priced ? mean(costs, j) : 0));
  return { best: bestOf({ quality, cost }), cheapest: cheapestOf({ quality, cost }) };
}

const SAMPLED_DECISIONS = 200;

/** Median of the second pass over some of the queries, in microseconds: the first warms the code. */
function timeDecisions(fitted: Fitted, set: TrainingSet, rows: Int32Array, now: () => number): number | null {
  if (fitted.decide === undefined || rows.length === 0) return null;
  const step = Math.max(1, Math.floor(rows.length / SAMPLED_DECISIONS));
  const times: number[] = [];
  for (const pass of ['warm', 'measure']) {
    for (let i = 0; i < rows.length; i += step) {
      const features = set.features[rows[i] ?? 0];
      if (features === undefined) continue;
      const begin = now();
      fitted.decide(features);
      if (pass === 'measure') times.push(now() - begin);
    }
  }
  times.sort((a, b) => a - b);
  return (times[times.length >> 1] ?? 0) * 1000;
}

interface Pool {
  readonly quality: Float64Array;
  uncalibrated: Float64Array | null;
  readonly stderr: Float64Array;
  readonly cost: Float64Array | null;
  readonly choices: Record<StrategyName, Int32Array | null>;
}

function chosenFrom({ scores, costs, models }: Outcomes, column: Int32Array | null): Chosen | null {
  if (column === null) return null;
  const m = models.length;
  return {
    column,
    score: Float64Array.from(column, (j, i) => scores[i * m + j] ?? 0),
    cost: Float64Array.from(column, (j, i) => costs?.[i * m + j] ?? 0),
  };
}

/** The choice of one column per query as a judged contender: the same at every setting and by every strategy. */
export function judgedChoice(name: string, outcomes: Outcomes, column: Int32Array): Judged {
  const chosen = chosenFrom(outcomes, column) ?? { score: new Float64Array(0), cost: new Float64Array(0), column };
  const none = new Int32Array(0);
  const { score, cost } = chosen;
  const steps = new Float64Array(0);
  return {
    name,
    control: true,
    curve: { points: 1, score, cost, at: none, row: none, scoreStep: steps, costStep: steps },
    best: score,
    forecast: null,
    uncalibrated: null,
    strategies: {
      'quality-first': chosen,
      balanced: outcomes.costs === null ? null : chosen,
      'cost-first': outcomes.costs === null ? null : chosen,
    },
    fitSeconds: null,
    decideMicros: null,
  };
}

/** Puts the predictions for one split's queries where they belong. */
function pool(into: Pool, part: FittedForecast, choices: StrategyChoices, test: Int32Array, m: number): void {
  if (part.uncalibrated !== undefined) into.uncalibrated ??= new Float64Array(into.quality.length);
  for (const [i, at] of test.entries()) {
    into.quality.set(part.quality.subarray(i * m, (i + 1) * m), at * m);
    into.stderr.set(part.stderr.subarray(i * m, (i + 1) * m), at * m);
    if (part.uncalibrated !== undefined) {
      into.uncalibrated?.set(part.uncalibrated.subarray(i * m, (i + 1) * m), at * m);
    }
    if (part.cost !== null) into.cost?.set(part.cost.subarray(i * m, (i + 1) * m), at * m);
    for (const name of STRATEGIES) {
      const column = choices[name]?.[i];
      const all = into.choices[name];
      if (all !== null && column !== undefined) all[at] = column;
    }
  }
}

/** What is known of one split before anything is fitted. */
interface Prepared extends Split {
  readonly context: FitContext;
  readonly test: Int32Array;
  readonly features: TrainingSet['features'];
  readonly rows: Int32Array;
  readonly best: number;
  readonly cheapest: number;
}

function prepare(set: TrainingSet, outcomes: Outcomes, split: Split, options: JudgeOptions): Prepared {
  const { models } = outcomes;
  const { seed, cancelled } = options;
  const fit: FitOptions = { seed, ...(cancelled === undefined ? {} : { cancelled }) };
  const rows = split.test.map((at) => outcomes.rows[at] ?? 0);
  const cost = outcomes.costs === null ? null : costOf(split.train, fit);
  return {
    ...split,
    ...singlesOfTraining(split.train, models, outcomes.costs !== null),
    rows,
    features: takeRows(set, rows).features,
    context: { ...fit, models, cost },
  };
}

/**
 * Fits every contender on every split's training rows and pools what it predicts and chooses on the judged queries.
 * Deterministic given the seed, but for the times.
 */
export function judge(
  set: TrainingSet,
  outcomes: Outcomes,
  splits: readonly Split[],
  contenders: readonly Contender[],
  options: JudgeOptions,
): { readonly judged: Judged[]; readonly singles: TrainedSingles } {
  const { models, scores, costs } = outcomes;
  const m = models.length;
  const n = outcomes.rows.length;
  const prepared = splits.map((split) => prepare(set, outcomes, split, options));
  const singles = { best: new Int32Array(n), cheapest: new Int32Array(n) };
  for (const { test, best, cheapest } of prepared) {
    for (const at of test) {
      singles.best[at] = best;
      singles.cheapest[at] = cheapest;
    }
  }
  const total = contenders.length * prepared.length;
  let done = 0;
  const judged = contenders.map(({ name, control, fit }): Judged => {
    const priced = (): Int32Array | null => (costs === null ? null : new Int32Array(n));
    const pooled: Pool = {
      quality: new Float64Array(n * m),
      uncalibrated: null,
      stderr: new Float64Array(n * m),
      cost: costs === null ? null : new Float64Array(n * m),
      choices: { 'quality-first': new Int32Array(n), balanced: priced(), 'cost-first': priced() },
    };
    let fitMs = 0;
    let decideMicros: number | null = null;
    for (const split of prepared) {
      const begin = options.now();
      const fitted = fit(split.train, split.context);
      fitMs += options.now() - begin;
      const test = fitted.forecast(split.features);
      pool(pooled, test, strategiesOf(fitted, test, split, options.strategies ?? true), split.test, m);
      decideMicros ??= timeDecisions(fitted, set, split.rows, options.now);
      checkpoint(options, ++done / total);
    }
    const { curve, best } = sweep(pooled, scores, costs, m);
    return {
      name,
      control,
      curve,
      best: Float64Array.from(best, (j, i) => scores[i * m + j] ?? 0),
      forecast: pooled,
      uncalibrated: pooled.uncalibrated,
      strategies: {
        'quality-first': chosenFrom(outcomes, pooled.choices['quality-first']),
        balanced: chosenFrom(outcomes, pooled.choices.balanced),
        'cost-first': chosenFrom(outcomes, pooled.choices['cost-first']),
      },
      fitSeconds: fitMs / 1000 / Math.max(1, prepared.length),
      decideMicros,
    };
  });
  return { judged, singles };
}

/** Where no λ is needed, a control's out-of-fold fits are spared: without costs, and when nobody looks at the strategies. */
function strategiesOf(
  fitted: Fitted,
  test: Forecast,
  { train, context, best }: Prepared,
  wanted: boolean,
): StrategyChoices {
  const { models } = context;
  const own = test.cost === null || !wanted ? { ...test, quality: new Float64Array(0) } : fitted.outOfFold();
  return chooseByStrategies(
    test,
    {
      models,
      quality: own.quality,
      score: pickColumns(train.scores, train.models, models),
      cost: own.cost ?? new Float64Array(0),
    },
    models[best] ?? '',
  );
}
