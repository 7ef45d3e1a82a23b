import { cholesky, choleskySolve } from '../numeric/dense.ts';
import { crossEntropy, logit, sigmoid } from '../numeric/sigmoid.ts';

/** Items as abilities meet them: n rows of (b, a_1 … a_d), row-major. */
export interface Items {
  readonly rows: Float64Array;
  /** 1 + d. */
  readonly r: number;
}

/** A model's ability u = (c, θ_1 … θ_d) as a normal distribution. */
export interface Ability {
  readonly mean: Float64Array;
  /** r × r. */
  readonly covariance: Float64Array;
}

/**
 * How abilities go with overall quality among the models that were learnt: u = intercept + slope · (x − centre) + noise,
 * where x is the logit of a model's mean quality over the reference queries.
 */
export interface Population {
  readonly centre: number;
  /** Variance of x over the models. */
  readonly spread: number;
  readonly intercept: Float64Array;
  readonly slope: Float64Array;
  /** r × r, of the noise. */
  readonly covariance: Float64Array;
}

/** How many models' worth of doubt is mixed into the population: with few models, little is known of it. */
const PSEUDO = 2;
/** Variance of that doubt: general ability, special abilities. */
const GENERAL_DOUBT = 0.1;
const SPECIAL_DOUBT = 1;
const MAX_STEPS = 50;

/** z = c + a·θ − b of one row. */
export function logitOf({ rows, r }: Items, row: number, ability: Float64Array, at = 0): number {
  const from = row * r;
  let z = (ability[at] ?? 0) - (rows[from] ?? 0);
  for (let k = 1; k < r; k++) z += (ability[at + k] ?? 0) * (rows[from + k] ?? 0);
  return z;
}

/** Mean quality over the items. */
export function meanQuality(items: Items, ability: Float64Array, at = 0): number {
  const n = items.rows.length / items.r;
  let sum = 0;
  for (let i = 0; i < n; i++) sum += sigmoid(logitOf(items, i, ability, at));
  return n === 0 ? sigmoid(ability[at] ?? 0) : sum / n;
}

/** Learns the population from m abilities (m × r). */
export function fitPopulation(reference: Items, abilities: Float64Array): Population {
  const { r } = reference;
  const m = abilities.length / r;
  const x = Float64Array.from({ length: m }, (_, i) => logit(meanQuality(reference, abilities, i * r)));
  const centre = m === 0 ? 0 : x.reduce((sum, each) => sum + each, 0) / m;
  const squares = x.reduce((sum, each) => sum + (each - centre) ** 2, 0);
  const intercept = new Float64Array(r);
  const slope = new Float64Array(r);
  for (let k = 0; k < r; k++) {
    let cross = 0;
    for (let i = 0; i < m; i++) {
      const value = abilities[i * r + k] ?? 0;
      intercept[k] = (intercept[k] ?? 0) + value / m;
      cross += value * ((x[i] ?? 0) - centre);
    }
    // One pseudo-model: general ability rises with quality, special ones do not.
    slope[k] = (cross + (k === 0 ? 1 : 0)) / (squares + 1);
  }
  const covariance = new Float64Array(r * r);
  const off = (i: number, k: number): number =>
    (abilities[i * r + k] ?? 0) - (intercept[k] ?? 0) - (slope[k] ?? 0) * ((x[i] ?? 0) - centre);
  for (let k = 0; k < r; k++) {
    for (let l = 0; l < r; l++) {
      let sum = k === l ? PSEUDO * (k === 0 ? GENERAL_DOUBT : SPECIAL_DOUBT) : 0;
      for (let i = 0; i < m; i++) sum += off(i, k) * off(i, l);
      covariance[k * r + l] = sum / (m + PSEUDO);
    }
  }
  return { centre, spread: (squares + 1) / (m + 1), intercept, slope, covariance };
}

/** What is expected of a model of which only its mean quality x (a logit) is known, up to `variance`. */
function expected({ centre, intercept, slope, covariance }: Population, x: number, variance: number): Ability {
  const r = intercept.length;
  const mean = intercept.map((each, k) => each + (slope[k] ?? 0) * (x - centre));
  const out = covariance.slice();
  for (let k = 0; k < r; k++) {
    for (let l = 0; l < r; l++) out[k * r + l] = (out[k * r + l] ?? 0) + (slope[k] ?? 0) * (slope[l] ?? 0) * variance;
  }
  return { mean, covariance: out };
}

/** A model of which nothing is known: any of the population. */
export function anyAbility(population: Population): Ability {
  return expected(population, population.centre, population.spread);
}

/**
 * A model of which a mean quality is declared, with its standard error: its special abilities are those that models of
 * this quality have on average, and its general ability is what makes its mean quality over the reference queries the
 * declared one.
 */
export function declaredAbility(population: Population, reference: Items, quality: number, stderr: number): Ability {
  const kept = Math.min(0.995, Math.max(0.005, quality));
  const { mean, covariance } = expected(population, logit(kept), (stderr / (kept * (1 - kept))) ** 2);
  let low = -30;
  let high = 30;
  for (let step = 0; step < MAX_STEPS; step++) {
    mean[0] = (low + high) / 2;
    if (meanQuality(reference, mean) < kept) low = mean[0];
    else high = mean[0];
  }
  return { mean, covariance };
}

/** Gradient and Hessian of the negative log posterior at u; returns its value. */
function posterior(
  items: Items,
  scores: Float64Array,
  u: Float64Array,
  prior: { readonly mean: Float64Array; readonly precision: Float64Array },
  gradient: Float64Array,
  hessian: Float64Array,
): number {
  const { rows, r } = items;
  const off = u.map((value, k) => value - (prior.mean[k] ?? 0));
  hessian.set(prior.precision);
  let value = 0;
  for (let k = 0; k < r; k++) {
    let sum = 0;
    for (let l = 0; l < r; l++) sum += (prior.precision[k * r + l] ?? 0) * (off[l] ?? 0);
    gradient[k] = sum;
    value += 0.5 * sum * (off[k] ?? 0);
  }
  const v = new Float64Array(r).fill(1);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    const z = logitOf(items, i, u);
    const p = sigmoid(z);
    value += crossEntropy(z, score);
    for (let k = 1; k < r; k++) v[k] = rows[i * r + k] ?? 0;
    for (let k = 0; k < r; k++) {
      const vk = v[k] ?? 0;
      gradient[k] = (gradient[k] ?? 0) + (p - score) * vk;
      for (let l = 0; l < r; l++) hessian[k * r + l] = (hessian[k * r + l] ?? 0) + p * (1 - p) * vk * (v[l] ?? 0);
    }
  }
  return value;
}

function inverse(matrix: Float64Array, r: number): Float64Array {
  const identity = new Float64Array(r * r);
  for (let k = 0; k < r; k++) identity[k * r + k] = 1;
  return choleskySolve(cholesky(matrix, r), r, identity, r);
}

/** Laplace's covariance of an ability around `mean`, from its scores on items (NaN = not recorded). */
export function abilityCovariance(
  items: Items,
  scores: Float64Array,
  mean: Float64Array,
  prior: Ability,
): Float64Array {
  const { r } = items;
  const hessian = new Float64Array(r * r);
  const given = { mean: prior.mean, precision: inverse(prior.covariance, r) };
  posterior(items, scores, mean, given, new Float64Array(r), hessian);
  return inverse(hessian, r);
}

/**
 * A model's ability from its scores on items (NaN = not recorded): the posterior mode by damped Newton steps, and
 * Laplace's approximation of its covariance. Without scores it is the prior.
 */
export function estimateAbility(items: Items, scores: Float64Array, prior: Ability): Ability {
  const { r } = items;
  const given = { mean: prior.mean, precision: inverse(prior.covariance, r) };
  const gradient = new Float64Array(r);
  const hessian = new Float64Array(r * r);
  let mean = prior.mean.slice();
  let value = posterior(items, scores, mean, given, gradient, hessian);
  for (let step = 0; step < MAX_STEPS; step++) {
    const newton = choleskySolve(cholesky(hessian, r), r, gradient, 1);
    let size = 1;
    let next = mean;
    let lower = Number.POSITIVE_INFINITY;
    // The posterior is concave: halving the step must lead down, unless the mode is reached.
    for (let trial = 0; trial < 20 && !(lower < value); trial++, size /= 2) {
      next = mean.map((each, k) => each - size * (newton[k] ?? 0));
      lower = posterior(items, scores, next, given, gradient, hessian);
    }
    if (!(lower < value)) break;
    const gained = value - lower;
    mean = next;
    value = lower;
    if (gained < 1e-9) break;
  }
  posterior(items, scores, mean, given, gradient, hessian);
  return { mean, covariance: inverse(hessian, r) };
}
