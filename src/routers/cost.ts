import { STRUCTURE_SIZE, structureOf } from '../query/structure.ts';
import { cholesky, choleskySolve } from './numeric/dense.ts';
import { fitScaling, standardise, type Scaling } from './numeric/standardise.ts';
import type { Features } from './router.ts';
import { readState } from './state-reader.ts';
import type { RouterState } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

/** Fewer recorded rows than this teach no slope: the mean then stands for every query. */
const LEAST_ROWS = 20;
/** Ridge penalty on standardised numbers: worth a few rows. */
const PENALTY = 3;
/** Predictions stay within the recorded range, times this. */
const REACH = 2;
/** Structure numbers and the log of the input's tokens, which every provider bills. */
const INPUTS = STRUCTURE_SIZE + 1;
/** Inputs and the constant 1. */
const D = INPUTS + 1;

function inputsOf({ query, structure = structureOf(query) }: Features): Float64Array {
  const inputs = new Float64Array(INPUTS);
  inputs.set(structure.subarray(0, STRUCTURE_SIZE));
  inputs[STRUCTURE_SIZE] = Math.log1p(Math.max(0, query.inputTokens));
  return inputs;
}

/** What each model is expected to write and cost for a query; one number per model, in the order of `models`. */
export interface CostModel {
  readonly models: readonly string[];
  /** USD; NaN where no cost was ever recorded. */
  costs(features: Features): Float64Array;
  /** Tokens; NaN where no output length was ever recorded. */
  outputTokens(features: Features): Float64Array;
  /** Standard error of the predicted mean cost, in USD; NaN as for `costs`. */
  stderr(features: Features): Float64Array;
  save(): RouterState;
}

/** One quantity (cost or tokens) of m models as functions of D numbers, and how far they can be trusted. */
interface LogLinear {
  /** m × D, on the log scale. */
  readonly weights: Float64Array;
  /** m: Duan's factor; NaN = nothing recorded. */
  readonly smearing: Float64Array;
  /** m: residual variance on the log scale. */
  readonly variance: Float64Array;
  /** m × 2: least and greatest prediction. */
  readonly bounds: Float64Array;
}

function recordedRows(table: Float64Array, m: number, column: number): number[] {
  const rows: number[] = [];
  for (let i = 0; i * m < table.length; i++) if (Number.isFinite(table[i * m + column])) rows.push(i);
  return rows;
}

/** XᵀX + penalty over some rows of x (n × D); the constant is not penalised, but for a trace that keeps it invertible. */
function penalisedGram(x: Float64Array, rows: readonly number[]): Float64Array {
  const a = new Float64Array(D * D);
  for (const row of rows) {
    for (let p = 0; p < D; p++) {
      const value = x[row * D + p] ?? 0;
      for (let q = 0; q <= p; q++) a[p * D + q] = (a[p * D + q] ?? 0) + value * (x[row * D + q] ?? 0);
    }
  }
  for (let p = 0; p < D; p++) {
    a[p * D + p] = (a[p * D + p] ?? 0) + (p === D - 1 ? 1e-6 : PENALTY);
    for (let q = 0; q < p; q++) a[q * D + p] = a[p * D + q] ?? 0;
  }
  return a;
}

function fitColumns(
  x: Float64Array,
  table: Float64Array,
  m: number,
  factorOf: (rows: readonly number[]) => Float64Array,
): LogLinear {
  const weights = new Float64Array(m * D);
  const smearing = new Float64Array(m).fill(Number.NaN);
  const variance = new Float64Array(m);
  const bounds = new Float64Array(m * 2);
  for (let j = 0; j < m; j++) {
    const rows = recordedRows(table, m, j);
    const values = Float64Array.from(rows, (row) => table[row * m + j] ?? 0);
    if (rows.length === 0) continue;
    const mean = values.reduce((sum, value) => sum + value, 0) / rows.length;
    const positive = values.filter((value) => value > 0);
    const least = positive.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
    const most = values.reduce((high, value) => Math.max(high, value), 0);
    if (rows.length < LEAST_ROWS || positive.length === 0 || least === most) {
      // weights are 0, so the prediction is e^0 · smearing: the mean.
      smearing[j] = mean;
      bounds.set([mean, mean], 2 * j);
      variance[j] = 0;
      continue;
    }
    // A free or empty answer has no logarithm: it counts as half the least one that has.
    const logs = values.map((value) => Math.log(Math.max(value, least / 2)));
    const b = new Float64Array(D);
    for (const [i, row] of rows.entries()) {
      for (let p = 0; p < D; p++) b[p] = (b[p] ?? 0) + (x[row * D + p] ?? 0) * (logs[i] ?? 0);
    }
    const w = choleskySolve(factorOf(rows), D, b, 1);
    let smear = 0;
    let squares = 0;
    for (const [i, row] of rows.entries()) {
      let fitted = 0;
      for (let p = 0; p < D; p++) fitted += (w[p] ?? 0) * (x[row * D + p] ?? 0);
      const residual = (logs[i] ?? 0) - fitted;
      smear += Math.exp(residual);
      squares += residual * residual;
    }
    weights.set(w, j * D);
    smearing[j] = smear / rows.length;
    variance[j] = squares / Math.max(1, rows.length - D);
    bounds.set([(positive.length < values.length ? 0 : least) / REACH, most * REACH], 2 * j);
  }
  return { weights, smearing, variance, bounds };
}

function evaluate({ weights, smearing, bounds }: LogLinear, x: Float64Array): Float64Array {
  return smearing.map((factor, j) => {
    if (Number.isNaN(factor)) return Number.NaN;
    let log = 0;
    for (let p = 0; p < D; p++) log += (weights[j * D + p] ?? 0) * (x[p] ?? 0);
    return Math.min(bounds[2 * j + 1] ?? 0, Math.max(bounds[2 * j] ?? 0, factor * Math.exp(log)));
  });
}

interface Parts {
  readonly models: readonly string[];
  readonly scaling: Scaling;
  readonly cost: LogLinear;
  readonly tokens: LogLinear;
  /** Cholesky factor of XᵀX + penalty over all rows: how well each direction was seen. */
  readonly factor: Float64Array;
}

function costModel({ models, scaling, cost, tokens, factor }: Parts): CostModel {
  const inputs = (features: Features): Float64Array => {
    const x = new Float64Array(D);
    standardise(scaling, inputsOf(features), x);
    x[D - 1] = 1;
    return x;
  };
  return {
    models,
    costs: (features) => evaluate(cost, inputs(features)),
    outputTokens: (features) => evaluate(tokens, inputs(features)),
    stderr(features) {
      const x = inputs(features);
      const solved = choleskySolve(factor, D, x, 1);
      let leverage = 0;
      for (let p = 0; p < D; p++) leverage += (x[p] ?? 0) * (solved[p] ?? 0);
      // Delta method: the error of e^η is e^η times that of η.
      return evaluate(cost, x).map((usd, j) => usd * Math.sqrt(Math.max(0, leverage) * (cost.variance[j] ?? 0)));
    },
    save: () => ({
      router: 'cost',
      meta: { models: [...models] },
      tensors: {
        means: scaling.means,
        scales: scaling.scales,
        factor,
        ...prefixed('cost', cost),
        ...prefixed('tokens', tokens),
      },
    }),
  };
}

function prefixed(name: string, { weights, smearing, variance, bounds }: LogLinear): Record<string, Float64Array> {
  return {
    [`${name}.weights`]: weights,
    [`${name}.smearing`]: smearing,
    [`${name}.variance`]: variance,
    [`${name}.bounds`]: bounds,
  };
}

/**
 * Learns each model's cost and output length as log-linear functions of the query's form and length: ridge regression of
 * ln y on standardised numbers, brought back from the log scale by Duan's smearing factor, the mean of e^residual (Duan,
 * JASA 1983), because e^(mean of ln y) is not the mean of y. Missing values are left out; a model with fewer than 20 of
 * them gets their mean. Predictions stay within half the least and twice the greatest recorded value. O(n·m·d²) for d numbers.
 */
export function fitCost(set: TrainingSet, options: FitOptions): CostModel {
  const m = set.models.length;
  const n = set.features.length;
  const rows = set.features.map(inputsOf);
  const scaling = fitScaling(rows, INPUTS);
  const x = new Float64Array(n * D);
  for (const [i, row] of rows.entries()) {
    standardise(scaling, row, x.subarray(i * D, i * D + INPUTS));
    x[i * D + INPUTS] = 1;
  }
  const all = Array.from({ length: n }, (_, i) => i);
  const factor = cholesky(penalisedGram(x, all), D);
  // Columns are mostly recorded on every row: they share one factor.
  const factorOf = (rows: readonly number[]): Float64Array =>
    rows.length === n ? factor : cholesky(penalisedGram(x, rows), D);
  const cost = fitColumns(x, set.costs, m, factorOf);
  checkpoint(options, 0.5);
  const tokens = fitColumns(x, set.outputTokens, m, factorOf);
  checkpoint(options, 1);
  return costModel({ models: set.models, scaling, cost, tokens, factor });
}

/**
 * The cost model that {@link CostModel.save} described.
 * @throws `artifact_invalid` when something is missing or has the wrong shape.
 */
export function loadCost(state: RouterState): CostModel {
  const read = readState(state, 'cost');
  const models = read.names('models');
  const m = models.length;
  const columns = (name: string): LogLinear => ({
    weights: read.float64(`${name}.weights`, m * D),
    smearing: read.float64(`${name}.smearing`, m),
    variance: read.float64(`${name}.variance`, m),
    bounds: read.float64(`${name}.bounds`, m * 2),
  });
  return costModel({
    models,
    scaling: { means: read.float64('means', INPUTS), scales: read.float64('scales', INPUTS) },
    cost: columns('cost'),
    tokens: columns('tokens'),
    factor: read.float64('factor', D * D),
  });
}
