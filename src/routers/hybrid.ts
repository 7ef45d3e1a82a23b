import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import { heldOutErrors } from './held-out-error.ts';
import { HYBRID_MODES, hybridLabels, type HybridMode } from './hybrid-labels.ts';
import { multiply, type Csr } from './numeric/csr.ts';
import { holdOutOf } from './numeric/folds.ts';
import { maskedRidge } from './numeric/ridge.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { fitSparseInputs, inputMatrix, inputRow, loadInputs, saveInputs, type SparseInputs } from './sparse-inputs.ts';
import { scoreMoments } from './score-moments.ts';
import { readState } from './state-reader.ts';
import { movingTerms, tellTerms } from './term-reasons.ts';
import type { Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, type FitOptions, type TrainingSet } from './training-set.ts';

/** λ of the regression, in rows. */
const RIDGE = 30;
/** Queries held out to learn how far a probability moves quality: this share, and at most so many. */
const HELD = 0.2;
const MAX_HELD = 2000;
/** On larger sets the fit without the held-out rows is kept: they would add little and take as long again. */
const REFIT_ROWS = 12_000;
const MAX_TERMS = 2 ** 15;

interface Learnt {
  readonly mode: HybridMode;
  readonly models: readonly string[];
  /** Column of the model that the others are measured against. */
  readonly reference: number;
  readonly inputs: SparseInputs;
  /** cols × m: of P(good enough), in the reference's column of its score. */
  readonly weights: Float32Array;
  /** Mean label of each model; of the reference its mean score. */
  readonly baseP: Float64Array;
  /** Mean gap to the reference, where both are recorded; of the reference 0. */
  readonly gaps: Float64Array;
  /** Gap per unit of P above its mean; score of the reference per unit of its regression. */
  readonly slope: number;
  readonly levelSlope: number;
  readonly counts: Float64Array;
  readonly stderr: Float64Array;
}

/** n × m targets of the regression and gaps to the reference; NaN where one of both is not recorded. */
function targetsOf({ scores, models, ids }: TrainingSet, reference: number, mode: HybridMode) {
  const m = models.length;
  const n = ids.length;
  const targets = new Float64Array(n * m).fill(Number.NaN);
  const gaps = new Float64Array(n * m).fill(Number.NaN);
  for (let c = 0; c < m; c++) {
    const rows: number[] = [];
    for (let row = 0; row < n; row++) {
      const gap = (scores[row * m + c] ?? Number.NaN) - (scores[row * m + reference] ?? Number.NaN);
      gaps[row * m + c] = gap;
      if (!Number.isNaN(gap)) rows.push(row);
    }
    const labels =
      c === reference
        ? Float64Array.from(rows, (row) => scores[row * m + c] ?? 0)
        : hybridLabels(
            Float64Array.from(rows, (row) => gaps[row * m + c] ?? 0),
            mode,
          );
    for (const [i, row] of rows.entries()) targets[row * m + c] = labels[i] ?? 0;
  }
  return { targets, gaps };
}

/** Slope through 0 of y on x over `pairs`, at least 0; one pseudo-row without slope. */
function slopeOf(pairs: Iterable<readonly [x: number, y: number]>): number {
  let xx = 1e-3;
  let xy = 0;
  for (const [x, y] of pairs) {
    xx += x * x;
    xy += x * y;
  }
  return Math.max(0, xy / xx);
}

/** How far the reference's score and the gaps follow the regression on rows that it had not seen. */
function fitSlopes(fitted: Float64Array, gaps: Float64Array, set: TrainingSet, held: Int32Array, parts: HybridParts) {
  const m = set.models.length;
  function* pairs(ofReference: boolean): Generator<readonly [number, number]> {
    for (let i = 0; i < fitted.length; i++) {
      const c = i % m;
      if (held[(i - c) / m] !== 1 || (c === parts.reference) !== ofReference) continue;
      const y = ofReference ? (set.scores[i] ?? 0) - (parts.baseP[c] ?? 0) : (gaps[i] ?? 0) - (parts.gaps[c] ?? 0);
      if (!Number.isNaN(y)) yield [fitted[i] ?? 0, y];
    }
  }
  return { slope: slopeOf(pairs(false)), levelSlope: slopeOf(pairs(true)) };
}

export type HybridParts = Pick<Learnt, 'reference' | 'baseP' | 'gaps'>;

/** Quality of every model from the regression's m outputs for one query, those less their means. */
export function hybridQualities(
  { reference, baseP, gaps, slope, levelSlope }: HybridParts & Pick<Learnt, 'slope' | 'levelSlope'>,
  fitted: Float64Array,
): Float64Array {
  const level = (baseP[reference] ?? 0) + levelSlope * (fitted[reference] ?? 0);
  return fitted.map((p, c) => Math.min(1, Math.max(0, c === reference ? level : level + (gaps[c] ?? 0) + slope * p)));
}

function learn(set: TrainingSet, options: FitOptions, mode: HybridMode): Learnt {
  const m = set.models.length;
  const n = set.ids.length;
  const { means, counts } = scoreMoments(set.scores, m);
  let reference = 0;
  for (let c = 1; c < m; c++) {
    if ((counts[c] ?? 0) > 0 && ((counts[reference] ?? 0) === 0 || (means[c] ?? 0) > (means[reference] ?? 0)))
      reference = c;
  }
  const { targets, gaps: rowGaps } = targetsOf(set, reference, mode);
  const baseP = scoreMoments(targets, m).means;
  const gaps = scoreMoments(rowGaps, m);
  const meanGaps = gaps.means.map((gap, c) =>
    (gaps.counts[c] ?? 0) > 0 ? gap : (means[c] ?? 0.5) - (means[reference] ?? 0.5),
  );
  const centred = targets.map((y, i) => y - (baseP[i % m] ?? 0));
  const inputs = fitSparseInputs(set.features, { seed: options.seed, maxTerms: MAX_TERMS });
  const x = inputMatrix(inputs, set.features);
  checkpoint(options, 0.1);
  const held = n < 20 ? new Int32Array(n) : holdOutOf(set.groups, Math.min(HELD, MAX_HELD / n), options.seed);
  // Rows held out know no target here.
  const blind = centred.map((y, i) => (held[Math.floor(i / m)] === 1 ? Number.NaN : y));
  const solve = (y: Float64Array, from: number): Float64Array =>
    maskedRidge(x, y, m, RIDGE, (i) => checkpoint(options, from + 0.015 * i));
  const unseeing = solve(blind, 0.1);
  const fitted = fittedBy(x, unseeing, m);
  const parts: HybridParts = { reference, baseP, gaps: meanGaps };
  const slopes = fitSlopes(fitted, rowGaps, set, held, parts);
  const predicted = new Float64Array(n * m);
  for (let row = 0; row < n; row++) {
    predicted.set(hybridQualities({ ...parts, ...slopes }, fitted.subarray(row * m, (row + 1) * m)), row * m);
  }
  const stderr = heldOutErrors(predicted, set.scores, held, m);
  const weights = Float32Array.from(n > REFIT_ROWS ? unseeing : solve(centred, 0.55));
  return { mode, models: set.models, inputs, weights, counts, stderr, ...parts, ...slopes };
}

function fittedBy(x: Csr, weights: Float64Array, m: number): Float64Array {
  const out = new Float64Array(x.rows * m);
  multiply(x, weights, m, out);
  return out;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`;
}

function hybridRouter(learnt: Learnt): TrainedRouter {
  const { mode, models, reference, inputs, weights, baseP, counts, stderr } = learnt;
  const m = models.length;
  const columnOf = columnFinder(models);
  const knows = (column: number): boolean => (counts[column] ?? 0) > 0;
  const run = (features: Features): Float64Array => {
    const { columns, values } = inputRow(inputs, features);
    const out = new Float64Array(m);
    for (let i = 0; i < columns.length; i++) {
      const from = (columns[i] ?? 0) * m;
      const value = values[i] ?? 0;
      for (let c = 0; c < m; c++) out[c] = (out[c] ?? 0) + value * (weights[from + c] ?? 0);
    }
    return out;
  };
  return {
    name: 'hybrid',
    needs: ['ngrams', 'structure'],
    models,
    predict(features, asked) {
      const quality = hybridQualities(learnt, run(features));
      return asked.map((model): Prediction => {
        const c = columnOf(model);
        return knows(c) ? { quality: quality[c] ?? 0, stderr: stderr[c] ?? 0 } : priorOf(model);
      });
    },
    explain(features, asked) {
      const fitted = run(features);
      const quality = hybridQualities(learnt, fitted);
      const best = models[reference] ?? '';
      const line = (model: Model): string => {
        const c = columnOf(model);
        if (!knows(c)) return `${model.id}: nothing learnt, taken as declared`;
        const height = percent(quality[c] ?? 0);
        if (c === reference) return `${model.id}: the best on average, ${height} here`;
        const p = Math.min(1, Math.max(0, (baseP[c] ?? 0) + (fitted[c] ?? 0)));
        const terms = movingTerms(features.query.instruction, inputs.tfidf, (column) => weights[column * m + c] ?? 0);
        return `${model.id}: as good as ${best} with ${percent(p)} (${percent(baseP[c] ?? 0)} on average${terms.length === 0 ? '' : `: ${tellTerms(terms)}`}), ${height} here`;
      };
      return asked.length === 0 ? ['no model to compare'] : asked.map(line);
    },
    save: () => {
      const saved = saveInputs(inputs);
      return {
        router: 'hybrid',
        meta: {
          ...saved.meta,
          models,
          mode,
          reference: models[reference] ?? '',
          slope: learnt.slope,
          levelSlope: learnt.levelSlope,
        },
        tensors: { ...saved.tensors, weights, baseP, gaps: learnt.gaps, counts, stderr },
      };
    },
  };
}

/** A `hybrid` that reads its labels in another way. */
export function hybridWith(mode: HybridMode): Trainable {
  return {
    name: 'hybrid',
    fit(rows, options) {
      checkpoint(options, 0);
      return hybridRouter(learn(inNameOrder(rows), options, mode));
    },
    load(state) {
      const read = readState(state, 'hybrid');
      const models = read.names('models');
      const m = models.length;
      const inputs = loadInputs(read);
      return hybridRouter({
        mode: HYBRID_MODES.find((name) => name === read.text('mode')) ?? mode,
        models,
        reference: Math.max(0, models.indexOf(read.text('reference'))),
        inputs,
        weights: read.float32('weights', inputs.cols * m),
        baseP: read.float64('baseP', m),
        gaps: read.float64('gaps', m),
        slope: read.number('slope'),
        levelSlope: read.number('levelSlope'),
        counts: read.float64('counts', m),
        stderr: read.float64('stderr', m),
      });
    },
  };
}

/**
 * Is a cheaper model good enough? HybridLLM (Ding et al., ICLR 2024) predicts P(q_S ≥ q_L) for a small and a large model
 * and routes to the small one from a threshold on. Here every model is measured against the reference R, the best single
 * model of the training rows, and the paper's fine-tuned DeBERTa is a ridge regression on n-grams and form.
 *
 * Quality is q̂_R(x) + ḡₘ + β·(P̂ₘ(x) − P̄ₘ): the reference's own predicted score, the model's mean gap to it, and how much
 * of a gap one unit of probability has been worth on rows held out (β ≥ 0, one for all models). The reference's part is
 * common to all: with two models q̂_S − q̂_L grows with P̂ alone, and choosing by quality less cost is the paper's
 * threshold on P̂.
 */
export const hybrid: Trainable = hybridWith('probabilistic');
