import type { Features } from '../router.ts';
import { inputRow, loadInputs, saveInputs, type SparseInputs } from '../sparse-inputs.ts';
import { readState } from '../state-reader.ts';
import type { RouterState } from '../trained.ts';
import type { Ability, Items, Population } from './population.ts';
import type { Priors } from './fit.ts';

/** Everything that an item response router has learnt. r = 1 + d. */
export interface Learnt {
  readonly inputs: SparseInputs;
  readonly priors: Priors;
  /** cols × r, row-major: what a column adds to difficulty and to each discrimination. */
  readonly weights: Float32Array;
  /** Mean (b, a) of the training queries, taken off so that an average query has difficulty 0 and asks nothing special. */
  readonly centre: Float64Array;
  /** How much of the mean difficulty comes from form. */
  readonly formCentre: number;
  /** Information about each column in the training rows: Σᵢ xᵢⱼ² Σ_m p(1 − p). */
  readonly information: Float32Array;
  /** (b, a) of a sample of training queries. */
  readonly reference: Items;
  readonly population: Population;
  readonly models: readonly string[];
  /** One per model. */
  readonly abilities: readonly Ability[];
}

/** A query as an item. */
export interface Item {
  /** One row: (b, a). */
  readonly items: Items;
  /** Variance of b, and of each a_k, for want of rows with what is in this query. */
  readonly difficultyVariance: number;
  readonly discriminationVariance: number;
}

/** Difficulty and discriminations of a query. */
export function itemOf(learnt: Learnt, features: Features): Item {
  const { inputs, weights, centre, information, priors } = learnt;
  const r = centre.length;
  const { columns, values } = inputRow(inputs, features);
  const row = new Float64Array(r);
  let difficultyVariance = 0;
  let discriminationVariance = 0;
  for (let p = 0; p < columns.length; p++) {
    const column = columns[p] ?? 0;
    const value = values[p] ?? 0;
    const from = column * r;
    for (let k = 0; k < r; k++) row[k] = (row[k] ?? 0) + value * (weights[from + k] ?? 0);
    const known = information[column] ?? 0;
    difficultyVariance += (value * value) / (priors.difficulty + known);
    discriminationVariance += (value * value) / (priors.discrimination + known);
  }
  for (let k = 0; k < r; k++) row[k] = (row[k] ?? 0) - (centre[k] ?? 0);
  return { items: { rows: row, r }, difficultyVariance, discriminationVariance };
}

/** The same router as an artifact holds it. */
export function saveLearnt(learnt: Learnt): RouterState {
  const { inputs, priors, weights, centre, formCentre, information, reference, population, models, abilities } = learnt;
  const { meta, tensors } = saveInputs(inputs);
  const r = centre.length;
  const means = new Float64Array(models.length * r);
  const covariances = new Float64Array(models.length * r * r);
  for (const [i, { mean, covariance }] of abilities.entries()) {
    means.set(mean, i * r);
    covariances.set(covariance, i * r * r);
  }
  return {
    router: 'irt',
    meta: {
      ...meta,
      models,
      difficultyPrior: priors.difficulty,
      discriminationPrior: priors.discrimination,
      formCentre,
      qualityCentre: population.centre,
      qualitySpread: population.spread,
    },
    tensors: {
      ...tensors,
      weights,
      centre,
      information,
      reference: reference.rows,
      populationIntercept: population.intercept,
      populationSlope: population.slope,
      populationCovariance: population.covariance,
      abilities: means,
      abilityCovariances: covariances,
    },
  };
}

/** @throws `artifact_invalid` when something is missing or has the wrong shape. */
export function loadLearnt(saved: RouterState): Learnt {
  const state = readState(saved, 'irt');
  const inputs = loadInputs(state);
  const models = state.names('models');
  const centre = state.float64('centre');
  const r = centre.length;
  const rows = state.float64('reference');
  const means = state.float64('abilities', models.length * r);
  const covariances = state.float64('abilityCovariances', models.length * r * r);
  return {
    inputs,
    priors: { difficulty: state.number('difficultyPrior'), discrimination: state.number('discriminationPrior') },
    weights: state.float32('weights', inputs.cols * r),
    centre,
    formCentre: state.number('formCentre'),
    information: state.float32('information', inputs.cols),
    reference: { rows, r },
    population: {
      centre: state.number('qualityCentre'),
      spread: state.number('qualitySpread'),
      intercept: state.float64('populationIntercept', r),
      slope: state.float64('populationSlope', r),
      covariance: state.float64('populationCovariance', r * r),
    },
    models,
    abilities: models.map((_, i) => ({
      mean: means.slice(i * r, (i + 1) * r),
      covariance: covariances.slice(i * r * r, (i + 1) * r * r),
    })),
  };
}
