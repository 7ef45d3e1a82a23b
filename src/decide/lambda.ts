import { createEnvelope, walkEnvelope, type Table } from './envelope.ts';

/**
 * Queries that a router had not learnt from: what it predicted and what the models really scored. n × m, row-major. From
 * it strategies find how much a dollar is worth, λ in quality per USD, for whatever candidates a request has.
 */
export interface LambdaSample {
  /** m names. */
  readonly models: readonly string[];
  /** Predicted quality. */
  readonly quality: Table;
  /** Recorded score; NaN = missing. */
  readonly score: Table;
  /** Predicted cost in USD per query; NaN = unknown. */
  readonly cost: Table;
}

/** A λ for argmax q̂ − λ·ĉ and what it does on the sample. */
export interface Lambda {
  /** Quality per USD; ∞ = always the cheapest. */
  readonly lambda: number;
  /**
   * Whether the sample reaches the target. When not, λ is the one that comes nearest: the highest mean quality, or the
   * lowest mean cost. Who promised a quality then falls back to the reference model itself.
   */
  readonly met: boolean;
  /** Mean recorded score of the choices at λ. */
  readonly quality: number;
  /** Mean predicted cost of the choices at λ, in USD. */
  readonly costUsd: number;
  /** The target: a mean quality or a mean cost. */
  readonly target: number;
  /** Queries that had everything recorded for these candidates. */
  readonly rows: number;
}

/** Every change of choice on the sample, in order of λ, after the choices at λ = 0; for one set of candidates. */
export interface LambdaPath {
  readonly rows: number;
  readonly quality: number;
  readonly costUsd: number;
  readonly lambdas: Float64Array;
  readonly qualitySteps: Float64Array;
  readonly costSteps: Float64Array;
  /** Mean recorded score per candidate, in the order of `columns`. */
  readonly means: Float64Array;
  readonly columns: Int32Array;
}

function compareNames(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Columns of the candidates that the sample knows, in order of name; a name given twice counts once. */
function columnsOf(sample: LambdaSample, candidates: readonly string[]): Int32Array {
  const known = [...new Set(candidates)].filter((name) => sample.models.includes(name)).sort(compareNames);
  return Int32Array.from(known, (name) => sample.models.indexOf(name));
}

/** Rows on which every candidate has a score, a prediction and a cost: only there can choices be compared. */
function completeRows({ quality, score, cost, models }: LambdaSample, columns: Int32Array): number[] {
  const m = models.length;
  const rows: number[] = [];
  for (let at = 0; at + m <= score.length; at += m) {
    let complete = true;
    for (const j of columns) {
      complete &&= Number.isFinite(score[at + j]) && Number.isFinite(quality[at + j]) && Number.isFinite(cost[at + j]);
    }
    if (complete) rows.push(at);
  }
  return rows;
}

/**
 * What the candidates that the sample knows do as λ grows; undefined when no row has everything recorded for them. The
 * dear part of finding a λ, and the same for every target. O(n·m·segments + changes·log changes).
 */
export function lambdaPath(sample: LambdaSample, candidates: readonly string[]): LambdaPath | undefined {
  const columns = columnsOf(sample, candidates);
  if (columns.length === 0) return undefined;
  const rows = completeRows(sample, columns);
  if (rows.length === 0) return undefined;
  const { quality, score, cost } = sample;
  const envelope = createEnvelope(columns.length);
  const steps: { lambda: number; quality: number; cost: number }[] = [];
  const means = new Float64Array(columns.length);
  let meanQuality = 0;
  let meanCost = 0;
  for (const at of rows) {
    const segments = walkEnvelope(quality, cost, at, columns, envelope);
    let chosen = at + (envelope.choices[0] ?? 0);
    meanQuality += score[chosen] ?? 0;
    meanCost += cost[chosen] ?? 0;
    for (let s = 1; s < segments; s++) {
      const next = at + (envelope.choices[s] ?? 0);
      steps.push({
        lambda: envelope.lambdas[s] ?? 0,
        quality: (score[next] ?? 0) - (score[chosen] ?? 0),
        cost: (cost[next] ?? 0) - (cost[chosen] ?? 0),
      });
      chosen = next;
    }
    for (const [i, j] of columns.entries()) means[i] = (means[i] ?? 0) + (score[at + j] ?? 0);
  }
  steps.sort((a, b) => a.lambda - b.lambda);
  const n = rows.length;
  return {
    rows: n,
    quality: meanQuality / n,
    costUsd: meanCost / n,
    lambdas: Float64Array.from(steps, (step) => step.lambda),
    qualitySteps: Float64Array.from(steps, (step) => step.quality / n),
    costSteps: Float64Array.from(steps, (step) => step.cost / n),
    means: means.map((sum) => sum / n),
    columns,
  };
}

/** Rounding of a few thousand additions must not decide whether a target is met. */
const SLACK = 1e-9;
/** Just below: far enough that rounding does not make it the same. */
const BELOW = 1 - 1e-6;

/**
 * The largest λ at which the sample's mean quality is at least `keep` × the reference's. Exact: every λ at which a choice
 * changes is looked at. The reference is a model's name, else the candidate with the best mean on the sample.
 * Undefined when no row has everything recorded for these candidates, or the sample does not know the reference.
 *
 * @example
 * ```ts
 * const found = lambdaFor(sample, ['small', 'large'], 0.98);
 * found?.lambda; // 41.3: a query goes to `large` when it is worth 41.3 points of quality per dollar
 * ```
 */
export function lambdaFor(
  sample: LambdaSample,
  candidates: readonly string[],
  keep: number,
  reference?: string,
): Lambda | undefined {
  const path = lambdaPath(sample, candidates);
  return path === undefined ? undefined : lambdaOn(path, sample, keep, reference);
}

/** {@link lambdaFor} on a path of the same sample. O(changes). */
export function lambdaOn(path: LambdaPath, sample: LambdaSample, keep: number, reference?: string): Lambda | undefined {
  const of = reference === undefined ? Math.max(...path.means) : referenceMean(sample, path, reference);
  if (of === undefined) return undefined;
  const target = keep * of;
  let { quality, costUsd } = path;
  let best = { lambda: 0, quality, costUsd };
  let kept: typeof best | undefined;
  for (let i = -1; i < path.lambdas.length; i++) {
    quality += path.qualitySteps[i] ?? 0;
    costUsd += path.costSteps[i] ?? 0;
    const from = path.lambdas[i] ?? 0;
    const to = path.lambdas[i + 1] ?? Number.POSITIVE_INFINITY;
    if (to === from) continue;
    // These choices hold up to, but not at, the next change.
    const here = { lambda: Math.max(from, to * BELOW), quality, costUsd };
    if (i === -1 || quality > best.quality + SLACK) best = here;
    if (quality >= target - SLACK) kept = here;
  }
  return { ...(kept ?? best), met: kept !== undefined, target, rows: path.rows };
}

function referenceMean(sample: LambdaSample, path: LambdaPath, reference: string): number | undefined {
  const column = sample.models.indexOf(reference);
  if (column === -1) return undefined;
  const at = path.columns.indexOf(column);
  if (at !== -1) return path.means[at];
  // A reference that is not a candidate is still measured, over its own recorded rows.
  const m = sample.models.length;
  let sum = 0;
  let n = 0;
  for (let i = column; i < sample.score.length; i += m) {
    const score = sample.score[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    sum += score;
    n++;
  }
  return n === 0 ? undefined : sum / n;
}

/**
 * The smallest λ at which the sample's mean predicted cost is at most `meanUsd` per query: what spends that mean.
 * Undefined when no row has everything recorded for these candidates.
 */
export function lambdaForBudget(
  sample: LambdaSample,
  candidates: readonly string[],
  meanUsd: number,
): Lambda | undefined {
  const path = lambdaPath(sample, candidates);
  return path === undefined ? undefined : budgetOn(path, meanUsd);
}

/** {@link lambdaForBudget} on a path. O(changes). */
export function budgetOn(path: LambdaPath, meanUsd: number): Lambda {
  const { rows } = path;
  let { quality, costUsd } = path;
  const limit = meanUsd * (1 + SLACK);
  if (costUsd <= limit) return { lambda: 0, met: true, quality, costUsd, target: meanUsd, rows };
  for (let i = 0; i < path.lambdas.length; i++) {
    quality += path.qualitySteps[i] ?? 0;
    costUsd += path.costSteps[i] ?? 0;
    const lambda = path.lambdas[i] ?? 0;
    if (path.lambdas[i + 1] === lambda) continue;
    if (costUsd <= limit) return { lambda, met: true, quality, costUsd, target: meanUsd, rows };
  }
  return { lambda: Infinity, met: false, quality, costUsd, target: meanUsd, rows };
}
