import { LRUCache } from 'lru-cache';
import type { Model } from '../catalog/model.ts';
import type { OutOfFoldSample } from '../routers/artifact.ts';
import { columnFinder } from '../routers/columns.ts';
import type { Calibrated, Strategy } from './decision.ts';
import { expectedCost, expectedOutputTokens } from './estimate.ts';
import { lambdaFor, lambdaForBudget, type Lambda, type LambdaSample } from './lambda.ts';

/** Past queries below this say too little about a mean. */
const LEAST_ROWS = 30;
/** Answers kept, by strategy and candidate set. */
const KEPT = 500;

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

/** The candidate with the best mean score over the rows on which all of them have one. */
function bestSingle({ models, score }: LambdaSample, ids: readonly string[]): string | undefined {
  const m = models.length;
  const columns = ids.map((id) => models.indexOf(id));
  const sums = new Float64Array(ids.length);
  for (let at = 0; at + m <= score.length; at += m) {
    if (columns.some((column) => Number.isNaN(score[at + column] ?? Number.NaN))) continue;
    for (const [i, column] of columns.entries()) sums[i] = (sums[i] ?? 0) + (score[at + column] ?? 0);
  }
  const most = Math.max(...sums);
  return ids.filter((_, i) => sums[i] === most).sort()[0];
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

  const find = (strategy: Strategy, candidates: readonly Model[]): Calibrated | undefined => {
    const ids = candidates.map(({ id }) => id).filter((id) => known.has(id));
    if (ids.length === 0) return undefined;
    const others = candidates.map(({ id }) => id).filter((id) => !known.has(id));
    const unmeasured = others.length === 0 ? {} : { unmeasured: others };
    if (strategy.kind === 'budget') {
      const found = lambdaForBudget(sample, ids, strategy.usdPer1k / 1000);
      return found === undefined || found.rows < LEAST_ROWS ? undefined : calibrated(found, unmeasured);
    }
    if (strategy.kind !== 'keep-quality') return undefined;
    const best = bestSingle(sample, ids);
    const reference = strategy.of === undefined ? best : idOf(strategy.of, models);
    if (reference === undefined || best === undefined) return undefined;
    const found = lambdaFor(sample, ids, strategy.keep, reference);
    if (found === undefined || found.rows < LEAST_ROWS) return undefined;
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
