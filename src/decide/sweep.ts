import { createEnvelope, walkEnvelope } from './envelope.ts';
import type { Curve } from './curve.ts';

/** What a router predicts for n queries × m models, row-major, columns as in the outcomes it is judged on. */
export interface Forecast {
  readonly quality: Float64Array;
  /** Standard error of the quality; 0 where a method has none. */
  readonly stderr: Float64Array;
  /** Expected cost in USD; null where the set has no costs. */
  readonly cost: Float64Array | null;
}

/** Settings between 0 and ∞. */
export const STEPS = 200;
/** Share of the changes that may lie beyond either end of the range of λ. */
const TAIL = 0.001;

/** Every change of choice over all queries. */
interface Changes {
  /** Chosen column at λ = 0, one per query. */
  readonly first: Int32Array;
  readonly row: Int32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly lambda: Float64Array;
}

function changesOf(quality: Float64Array, cost: Float64Array, m: number): Changes {
  const n = quality.length / m;
  const columns = Int32Array.from({ length: m }, (_, j) => j);
  const envelope = createEnvelope(m);
  const first = new Int32Array(n);
  const row: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  const lambda: number[] = [];
  for (let i = 0; i < n; i++) {
    const segments = walkEnvelope(quality, cost, i * m, columns, envelope);
    first[i] = envelope.choices[0] ?? 0;
    for (let s = 1; s < segments; s++) {
      row.push(i);
      from.push(envelope.choices[s - 1] ?? 0);
      to.push(envelope.choices[s] ?? 0);
      lambda.push(envelope.lambdas[s] ?? 0);
    }
  }
  return {
    first,
    row: Int32Array.from(row),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    lambda: Float64Array.from(lambda),
  };
}

/**
 * 0, {@link STEPS} numbers evenly spaced in log λ, ∞. The range reaches from below the λ at which the first choices leave
 * the best predicted quality to above the one at which the last arrive at the cheapest: between the .1 % and 99.9 %
 * quantiles of all changes, because a single near-tie would else stretch it over empty decades. What lies beyond
 * happens between an end of the range and 0 or ∞, whose points are exact.
 */
export function lambdaGrid(changes: Float64Array): Float64Array {
  const sorted = changes.filter((lambda) => lambda > 0 && Number.isFinite(lambda)).sort();
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 1;
  const low = Math.log(at(TAIL));
  const high = Math.log(at(1 - TAIL));
  const grid = new Float64Array(STEPS + 2);
  for (let i = 0; i < STEPS; i++) grid[i + 1] = Math.exp(low + ((high - low) * i) / (STEPS - 1));
  grid[STEPS + 1] = Number.POSITIVE_INFINITY;
  return grid;
}

/** First index of the ascending `grid` whose λ is at least `lambda`. */
function pointOf(grid: Float64Array, lambda: number): number {
  let low = 0;
  let high = grid.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((grid[middle] ?? 0) >= lambda) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A router's sweep over λ. */
export interface Sweep {
  /** One per point: 0, {@link STEPS} between, ∞. */
  readonly lambdas: Float64Array;
  readonly curve: Curve;
  /** Chosen column per query at λ = 0: what the router thinks best. */
  readonly best: Int32Array;
}

/**
 * Chooses argmax q̂ − λ·ĉ for every query and setting and looks up what the chosen model really scored and cost. Ties: the
 * cheaper prediction, then the model's name (columns are in order of name). Only changes are stored: O(n·m·segments).
 * Without costs there is only λ = 0.
 */
export function sweep(forecast: Forecast, scores: Float64Array, costs: Float64Array | null, m: number): Sweep {
  const { quality } = forecast;
  const predicted = forecast.cost ?? new Float64Array(quality.length);
  const changes = changesOf(quality, predicted, m);
  const n = changes.first.length;
  const real = (table: Float64Array | null, i: number, column: number): number => table?.[i * m + column] ?? 0;
  const score = Float64Array.from(changes.first, (column, i) => real(scores, i, column));
  const cost = Float64Array.from(changes.first, (column, i) => real(costs, i, column));
  if (costs === null || n === 0) {
    const none = new Int32Array(0);
    const curve = {
      points: 1,
      score,
      cost,
      at: none,
      row: none,
      scoreStep: score.subarray(0, 0),
      costStep: cost.subarray(0, 0),
    };
    return { lambdas: new Float64Array(1), curve, best: changes.first };
  }
  const lambdas = lambdaGrid(changes.lambda);
  const { row, from, to } = changes;
  const at = Int32Array.from(changes.lambda, (lambda) => pointOf(lambdas, lambda));
  const scoreStep = new Float64Array(row.length);
  const costStep = new Float64Array(row.length);
  for (let e = 0; e < row.length; e++) {
    const i = row[e] ?? 0;
    scoreStep[e] = real(scores, i, to[e] ?? 0) - real(scores, i, from[e] ?? 0);
    costStep[e] = real(costs, i, to[e] ?? 0) - real(costs, i, from[e] ?? 0);
  }
  return { lambdas, curve: { points: lambdas.length, score, cost, at, row, scoreStep, costStep }, best: changes.first };
}

/** Chosen column per query at one λ, by direct comparison: what {@link sweep} does at that point. */
export function choicesAt(forecast: Forecast, m: number, lambda: number): Int32Array {
  const n = forecast.quality.length / m;
  const choices = new Int32Array(n);
  for (let i = 0; i < n; i++) choices[i] = chooseAt(forecast, i * m, m, lambda);
  return choices;
}

/** Column chosen for the row that begins at `offset`. */
export function chooseAt({ quality, cost }: Forecast, offset: number, m: number, lambda: number): number {
  const value = (j: number): number => {
    const c = cost?.[offset + j] ?? 0;
    return lambda === Number.POSITIVE_INFINITY ? -c : (quality[offset + j] ?? 0) - lambda * c;
  };
  let chosen = 0;
  for (let j = 1; j < m; j++) {
    const difference = value(j) - value(chosen);
    const cheaper = (cost?.[offset + j] ?? 0) - (cost?.[offset + chosen] ?? 0);
    const better = (quality[offset + j] ?? 0) - (quality[offset + chosen] ?? 0);
    if (difference > 0 || (difference === 0 && (cheaper < 0 || (cheaper === 0 && better > 0)))) chosen = j;
  }
  return chosen;
}
