import { LRUCache } from 'lru-cache';
import type { Model } from '../catalog/model.ts';
import type { OutOfFoldSample } from '../routers/artifact.ts';
import { columnFinder } from '../routers/columns.ts';
import type { Calibrated, Strategy } from './decision.ts';
import { expectedCost, expectedOutputTokens } from './estimate.ts';
import { budgetOn, lambdaOn, lambdaPath, type Lambda, type LambdaPath, type LambdaSample } from './lambda.ts';

/** Past queries below this say too little about a mean. */
const LEAST_ROWS = 30;
/** Answers kept, by strategy and candidate set. */
const KEPT = 500;
/** Candidate sets whose paths are kept: there are as many as there are roles, needs and window sizes, and some for outages. */
const PATHS = 16;

/** Finds, for a strategy and the candidates of a request, what a dollar is worth. */
export interface Calibration {
  /** Undefined where nothing was measured for these candidates, or the strategy needs no λ. */
  of(strategy: Strategy, candidates: readonly Model[]): Calibrated | undefined;
}

/** What calibration reads of an artifact. */
export interface CalibrationSource {
  /** The sample's columns. */
  readonly models: readonly string[];
  readonly sample: OutOfFoldSample;
}

/**
 * The sample as it is for configured models: a column for each that the sample knows, by its id, at today's price of its
 * first upstream. A model without a price has no column, because a trade needs both sides.
 */
function sampleOf({ models: names, sample }: CalibrationSource, models: readonly Model[]): LambdaSample {
  const find = columnFinder(names);
  const columns = models.flatMap((model) => {
    const price = model.upstreams[0]?.price ?? null;
    const from = find(model);
    return price === null || from === -1 ? [] : [{ model, price, from }];
  });
  const { rows } = sample;
  const [m, k] = [names.length, columns.length];
  const quality = new Float32Array(rows * k);
  const score = new Float32Array(rows * k);
  const cost = new Float64Array(rows * k);
  for (let i = 0; i < rows; i++) {
    for (const [c, { model, price, from }] of columns.entries()) {
      const at = i * m + from;
      const to = i * k + c;
      quality[to] = sample.quality[at] ?? Number.NaN;
      score[to] = sample.score[at] ?? Number.NaN;
      const output = expectedOutputTokens(model, sample.outputTokens[at]);
      cost[to] = expectedCost(price, sample.inputTokens[i] ?? 0, output);
    }
  }
  return { models: columns.map(({ model }) => model.id), quality, score, cost };
}

/** Id of the configured model with the best mean score in the sample, priced or not; ties: the first. */
export function bestMeasured(
  { models: names, sample }: CalibrationSource,
  models: readonly Model[],
): string | undefined {
  const find = columnFinder(names);
  const means = models.map((model) => {
    const column = find(model);
    let [sum, count] = [0, 0];
    for (let at = column === -1 ? Number.POSITIVE_INFINITY : column; at < sample.score.length; at += names.length) {
      const score = sample.score[at] ?? Number.NaN;
      if (Number.isNaN(score)) continue;
      sum += score;
      count++;
    }
    return count === 0 ? Number.NEGATIVE_INFINITY : sum / count;
  });
  const best = Math.max(...means);
  return best === Number.NEGATIVE_INFINITY ? undefined : models[means.indexOf(best)]?.id;
}

/** The candidate with the best mean score on the path's rows; ties: the first id. */
function bestSingle({ models }: LambdaSample, { columns, means }: LambdaPath): string {
  return models[columns[means.indexOf(Math.max(...means))] ?? 0] ?? '';
}

/** The id that a name in any case means: an id, else an alias. */
function idOf(name: string, models: readonly Model[]): string | undefined {
  const wanted = name.toLowerCase();
  return (
    models.find(({ id }) => id.toLowerCase() === wanted) ??
    models.find(({ aliases }) => aliases.some((alias) => alias.toLowerCase() === wanted))
  )?.id;
}

function calibrated(found: Lambda, rest: Pick<Calibrated, 'reference' | 'fallback' | 'unmeasured'>): Calibrated {
  const { lambda, rows, target, met, quality, costUsd } = found;
  return { lambda: Number.isFinite(lambda) ? lambda : null, rows, target, met, quality, costUsd, ...rest };
}

/**
 * Calibrates strategies on an artifact's out-of-fold sample for the models of a catalogue. Pure; answers are kept, since
 * most requests have the same candidates.
 */
export function createCalibration(source: CalibrationSource, models: readonly Model[]): Calibration {
  const sample = sampleOf(source, models);
  const known = new Set(sample.models);
  const kept = new LRUCache<string, { readonly found: Calibrated | undefined }>({ max: KEPT });

  const paths = new LRUCache<string, { readonly path: LambdaPath | undefined }>({ max: PATHS });

  const pathOf = (ids: readonly string[]): LambdaPath | undefined => {
    const key = ids.join('\n');
    let kept = paths.get(key);
    if (kept === undefined) {
      kept = { path: lambdaPath(sample, ids) };
      paths.set(key, kept);
    }
    return kept.path;
  };

  const find = (strategy: Strategy, candidates: readonly Model[]): Calibrated | undefined => {
    const ids = candidates.map(({ id }) => id).filter((id) => known.has(id));
    const path = ids.length === 0 ? undefined : pathOf(ids);
    if (path === undefined || path.rows < LEAST_ROWS) return undefined;
    const others = candidates.map(({ id }) => id).filter((id) => !known.has(id));
    const unmeasured = others.length === 0 ? {} : { unmeasured: others };
    if (strategy.kind === 'budget') return calibrated(budgetOn(path, strategy.usdPer1k / 1000), unmeasured);
    if (strategy.kind !== 'keep-quality') return undefined;
    const best = bestSingle(sample, path);
    const reference = strategy.of === undefined ? best : idOf(strategy.of, models);
    if (reference === undefined) return undefined;
    const found = lambdaOn(path, sample, strategy.keep, reference);
    if (found === undefined) return undefined;
    const fallback = ids.includes(reference) ? reference : best;
    return calibrated(found, { reference, ...(found.met ? {} : { fallback }), ...unmeasured });
  };

  return {
    of(strategy, candidates) {
      if (strategy.kind !== 'keep-quality' && strategy.kind !== 'budget') return undefined;
      const what = strategy.kind === 'budget' ? strategy.usdPer1k : `${strategy.keep} ${strategy.of ?? ''}`;
      let key = `${strategy.kind} ${what}`;
      for (const { id } of candidates) key += `\n${id}`;
      let answer = kept.get(key);
      if (answer === undefined) {
        answer = { found: find(strategy, candidates) };
        kept.set(key, answer);
      }
      return answer.found;
    },
  };
}
