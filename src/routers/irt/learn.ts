import { inNameOrder } from '../columns.ts';
import { multiply, pickRows, type Csr } from '../numeric/csr.ts';
import { seededRandom, shuffledIndices } from '../numeric/random.ts';
import { sigmoid } from '../numeric/sigmoid.ts';
import { fitSparseInputs, inputMatrix } from '../sparse-inputs.ts';
import { checkpoint, type FitOptions, type TrainingSet } from '../training-set.ts';
import { fitItems, observedOf, specialAbilities, type Observed } from './fit.ts';
import type { Learnt } from './learnt.ts';
import { abilityCovariance, anyAbility, fitPopulation, logitOf, type Items } from './population.ts';

/** Most special abilities, d: on mixed tasks 2 and 4 lose most of what a weight per model and term knows. */
const MAX_DIMENSIONS = 8;
/** n-grams kept: what a shipped artifact has room for. */
const MAX_TERMS = 2 ** 14;
const FORM_SIZE = 64;
const FORM_WEIGHT = 0.25;
/**
 * Penalties of the weights for difficulty, per recorded score of a row (what is hard for one model is mostly hard for the
 * others: a row's scores are hardly more than one), and of those for one model's deviation from it.
 */
const DIFFICULTY = 1.5;
const DEVIATION = 4;
const TOLERANCE = 3e-3;
const MAX_ITERATIONS = 40;
/** Items on the special abilities begin near their place: with 0, 6, 12 and 40 iterations scores were the same. */
const MAX_REFINEMENTS = 10;
/** Rows that the directions of special abilities are learnt from. */
const DIRECTION_ROWS = 12_000;
/** Training queries that an artifact remembers as items. */
const REFERENCE_ROWS = 256;

/** Only the columns that have a score. */
function recordedOnly(set: TrainingSet): TrainingSet {
  const m = set.models.length;
  const recorded = new Uint8Array(m);
  for (let i = 0; i < set.scores.length; i++) if (!Number.isNaN(set.scores[i] ?? Number.NaN)) recorded[i % m] = 1;
  const kept = (_: unknown, i: number): boolean => recorded[i % m] === 1;
  return {
    ...set,
    models: set.models.filter(kept),
    scores: set.scores.filter(kept),
    costs: set.costs.filter(kept),
    outputTokens: set.outputTokens.filter(kept),
  };
}

/** Σᵢ xᵢⱼ² Σ_m p(1 − p) of each column j over the recorded scores. */
function informationOf(x: Csr, observed: Observed, items: Items, abilities: Float64Array): Float32Array {
  const information = new Float64Array(x.cols);
  for (let i = 0; i < x.rows; i++) {
    let curvature = 0;
    for (let at = observed.starts[i] ?? 0; at < (observed.starts[i + 1] ?? 0); at++) {
      const p = sigmoid(logitOf(items, i, abilities, (observed.models[at] ?? 0) * items.r));
      curvature += p * (1 - p);
    }
    for (let p = x.starts[i] ?? 0; p < (x.starts[i + 1] ?? 0); p++) {
      const column = x.columns[p] ?? 0;
      information[column] = (information[column] ?? 0) + curvature * (x.values[p] ?? 0) ** 2;
    }
  }
  return Float32Array.from(information);
}

/** Mean (b, a) of the rows, and the part of b that comes from columns after `textCols`. */
function centreOf(x: Csr, rows: Float64Array, weights: Float32Array, r: number, textCols: number) {
  const centre = new Float64Array(r);
  let form = 0;
  for (let i = 0; i < rows.length; i++) centre[i % r] = (centre[i % r] ?? 0) + (rows[i] ?? 0) / x.rows;
  for (let p = 0; p < x.columns.length; p++) {
    const column = x.columns[p] ?? 0;
    if (column >= textCols) form += ((x.values[p] ?? 0) * (weights[column * r] ?? 0)) / x.rows;
  }
  return { centre, form };
}

/** Abilities on the scale of centred items: c moves by what an average query asks. */
function centredAbilities(general: Float64Array, theta: Float64Array, centre: Float64Array): Float64Array {
  const r = centre.length;
  const abilities = new Float64Array(general.length * r);
  for (let i = 0; i < general.length; i++) {
    let c = (general[i] ?? 0) - (centre[0] ?? 0);
    for (let k = 1; k < r; k++) {
      const value = theta[i * (r - 1) + k - 1] ?? 0;
      abilities[i * r + k] = value;
      c += value * (centre[k] ?? 0);
    }
    abilities[i * r] = c;
  }
  return abilities;
}

/** A seeded sample of rows, in ascending order. */
function sampleRows(n: number, most: number, seed: number): Int32Array {
  return n <= most
    ? Int32Array.from({ length: n }, (_, i) => i)
    : shuffledIndices(n, seededRandom(seed)).slice(0, most).sort();
}

/** Rows of a row-major table with r columns. */
function pickTable(rows: Float64Array, picked: Int32Array, r: number): Float64Array {
  const out = new Float64Array(picked.length * r);
  for (const [to, from] of picked.entries()) out.set(rows.subarray(from * r, (from + 1) * r), to * r);
  return out;
}

/** Learns items, abilities and the population of models. Linear in the recorded scores and in the n-grams of the rows. */
export function learn(given: TrainingSet, options: FitOptions): Learnt {
  const set = recordedOnly(inNameOrder(given));
  const { models, features, scores } = set;
  const m = models.length;
  const n = features.length;
  const d = Math.min(MAX_DIMENSIONS, m);
  checkpoint(options, 0);
  const inputs = fitSparseInputs(features, {
    seed: options.seed,
    maxTerms: MAX_TERMS,
    formSize: FORM_SIZE,
    formWeight: FORM_WEIGHT,
  });
  const x = inputMatrix(inputs, features);
  const observed = observedOf(scores, m);
  const lbfgs = (maxIterations: number, from: number, share: number) => ({
    maxIterations,
    tolerance: TOLERANCE,
    onIteration: (i: number) => checkpoint(options, from + (share * i) / (i + 10)),
  });
  const difficulty = DIFFICULTY * Math.max(1, observed.scores.length / Math.max(1, n));
  const sample = sampleRows(n, DIRECTION_ROWS, options.seed);
  const { theta, start } = specialAbilities(
    sample.length === n ? x : pickRows(x, sample),
    sample.length === n ? observed : observedOf(pickTable(scores, sample, m), m),
    m,
    d,
    { difficulty, discrimination: DEVIATION },
    lbfgs(MAX_ITERATIONS, 0, 0.5),
  );
  const r = 1 + d;
  // The m deviations share their penalty: Σ_m (A·θ_m)² = m·A² where θ has mean square 1.
  const priors = { difficulty, discrimination: DEVIATION * Math.max(1, m) };
  const fitted = fitItems(x, observed, theta, start, priors, lbfgs(MAX_REFINEMENTS, 0.5, 0.5));
  const weights = Float32Array.from(fitted.items);
  const rows = new Float64Array(n * r);
  multiply(x, Float64Array.from(weights), r, rows);
  const { centre, form } = centreOf(x, rows, weights, r, inputs.tfidf.size);
  for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] ?? 0) - (centre[i % r] ?? 0);
  const items: Items = { rows, r };
  const abilities = centredAbilities(fitted.general, theta, centre);
  const reference: Items = { rows: pickTable(rows, sampleRows(n, REFERENCE_ROWS, options.seed + 1), r), r };
  const population = fitPopulation(reference, abilities);
  const prior = anyAbility(population);
  checkpoint(options, 1);
  return {
    inputs,
    priors,
    weights,
    centre,
    formCentre: form,
    information: informationOf(x, observed, items, abilities),
    reference,
    population,
    models,
    abilities: models.map((_, i) => {
      const mean = abilities.slice(i * r, (i + 1) * r);
      const column = Float64Array.from({ length: n }, (_, row) => scores[row * m + i] ?? Number.NaN);
      return { mean, covariance: abilityCovariance(items, column, mean, prior) };
    }),
  };
}
