import { multiply, pickRows } from '../numeric/csr.ts';
import { seededRandom, shuffledIndices } from '../numeric/random.ts';
import type { Point, Space } from '../space.ts';
import { readState } from '../state-reader.ts';
import { checkpoint } from '../training-set.ts';
import { applyRow } from './linear.ts';
import { solveRidge } from '../numeric/ridge.ts';
import { columnVariance, rowLength, type FittedPart, type Part, type PartContext } from './part.ts';

/** λ of the classifier. */
const LAMBDA = 3;
/** Rows of the mean that every category is given. */
const PSEUDO = 10;
/** Labels with fewer rows are one category together. */
const MIN_ROWS = 8;
const MAX_CATEGORIES = 64;
/** Rows that the temperature, one number, is chosen on. */
const TEMPERATURE_ROWS = 12_000;
const OTHER = 'other';
/** Temperatures tried on rows that the classifier had not seen. */
const TEMPERATURES = [1, 2, 3, 4, 6, 8, 10, 13, 16, 20, 25, 32, 40] as const;

interface Learnt {
  readonly categories: readonly string[];
  /** cols × L. */
  readonly weights: Float32Array;
  readonly temperature: number;
  /** ln of each category's share of the rows. */
  readonly prior: Float64Array;
  /** L × m: mean deviation of each category, shrunk to 0. */
  readonly values: Float64Array;
  /** L × m. */
  readonly stderr: Float64Array;
  readonly length: number;
}

/** Turns scores into probabilities, in place: softmax(temperature · score + prior). */
function softmax(scores: Float64Array, temperature: number, prior: Float64Array): void {
  let most = Number.NEGATIVE_INFINITY;
  for (let l = 0; l < scores.length; l++) {
    scores[l] = temperature * (scores[l] ?? 0) + (prior[l] ?? 0);
    most = Math.max(most, scores[l] ?? 0);
  }
  let total = 0;
  for (let l = 0; l < scores.length; l++) {
    scores[l] = Math.exp((scores[l] ?? 0) - most);
    total += scores[l] ?? 0;
  }
  for (let l = 0; l < scores.length; l++) scores[l] = (scores[l] ?? 0) / total;
}

/** Labels with enough rows, in the order of their names, and each row's category. */
function categoriesOf(labels: readonly string[]): { readonly names: readonly string[]; readonly of: Int32Array } {
  const counts = new Map<string, number>();
  for (const label of labels) if (label !== '') counts.set(label, (counts.get(label) ?? 0) + 1);
  const kept = [...counts]
    .filter(([, count]) => count >= MIN_ROWS)
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MAX_CATEGORIES)
    .map(([label]) => label)
    .sort();
  const index = new Map(kept.map((label, i) => [label, i]));
  const of = Int32Array.from(labels, (label) => index.get(label) ?? kept.length);
  return { names: of.includes(kept.length) ? [...kept, OTHER] : kept, of };
}

/** One column per category: 1 for the row's own less the category's share. */
function targets(of: Int32Array, shares: Float64Array, rows: Int32Array): Float64Array {
  const size = shares.length;
  const y = new Float64Array(rows.length * size);
  for (const [i, row] of rows.entries()) {
    for (let l = 0; l < size; l++) y[i * size + l] = (of[row] === l ? 1 : 0) - (shares[l] ?? 0);
  }
  return y;
}

/** The temperature of least log loss on halves that the classifier had not seen (Guo et al., 2017). */
function chooseTemperature(context: PartContext, of: Int32Array, shares: Float64Array, prior: Float64Array): number {
  const { points, set, options } = context;
  const size = shares.length;
  const groups = set.groups.reduce((most, group) => Math.max(most, group), 0) + 1;
  const order = shuffledIndices(groups, seededRandom(options.seed + 3));
  // Places in random order are even or odd by chance; those beyond the limit are left out.
  const limit = groups * Math.min(1, TEMPERATURE_ROWS / Math.max(1, set.ids.length));
  const half = (side: number): Int32Array =>
    Int32Array.from(set.ids.keys()).filter((row) => {
      const place = order[set.groups[row] ?? 0] ?? 0;
      return place < limit && place % 2 === side;
    });
  const halves = [half(0), half(1)].map((rows) => ({ rows, x: pickRows(points.rows, rows) }));
  if (halves.some(({ rows }) => rows.length === 0)) return TEMPERATURES[0];
  const losses = new Float64Array(TEMPERATURES.length);
  for (const [side, [seen, unseen]] of [halves, halves.toReversed()].entries()) {
    if (seen === undefined || unseen === undefined) continue;
    const w = solveRidge(seen.x, targets(of, shares, seen.rows), size, { lambda: LAMBDA, tolerance: 1e-2 });
    const scores = new Float64Array(unseen.rows.length * size);
    multiply(unseen.x, w, size, scores);
    for (const [i, row] of unseen.rows.entries()) {
      for (const [t, temperature] of TEMPERATURES.entries()) {
        const p = scores.slice(i * size, (i + 1) * size);
        softmax(p, temperature, prior);
        losses[t] = (losses[t] ?? 0) - Math.log(Math.max(1e-12, p[of[row] ?? 0] ?? 0));
      }
    }
    checkpoint(options, 0.3 * (side + 1));
  }
  return TEMPERATURES[losses.indexOf(Math.min(...losses))] ?? 1;
}

/** Mean deviations of each category, shrunk to 0, with standard errors. */
function categoryMeans({ deviations, recorded, set }: PartContext, of: Int32Array, size: number) {
  const m = set.models.length;
  const sums = new Float64Array(size * m);
  const counts = new Float64Array(size * m);
  for (let i = 0; i < deviations.length; i++) {
    const at = (of[Math.floor(i / m)] ?? 0) * m + (i % m);
    sums[at] = (sums[at] ?? 0) + (deviations[i] ?? 0);
    counts[at] = (counts[at] ?? 0) + (recorded?.[i] ?? 1);
  }
  const variance = columnVariance(deviations, recorded, m);
  return {
    values: sums.map((sum, at) => sum / ((counts[at] ?? 0) + PSEUDO)),
    stderr: counts.map((count, at) => Math.sqrt((variance[at % m] ?? 0) / (count + PSEUDO))),
  };
}

function fitted(learnt: Learnt): FittedPart {
  const size = learnt.categories.length;
  const m = learnt.values.length / Math.max(1, size);
  const probabilities = ({ row }: Point): Float64Array => {
    const scores = applyRow(row, learnt.weights, size);
    softmax(scores, learnt.temperature, learnt.prior);
    return scores;
  };
  return {
    name: 'category',
    work: learnt.length * size,
    predict(point) {
      const p = probabilities(point);
      const values = new Float64Array(m);
      const stderr = new Float64Array(m);
      for (let l = 0; l < size; l++) {
        const share = p[l] ?? 0;
        for (let c = 0; c < m; c++) {
          values[c] = (values[c] ?? 0) + share * (learnt.values[l * m + c] ?? 0);
          stderr[c] = (stderr[c] ?? 0) + share * (learnt.stderr[l * m + c] ?? 0);
        }
      }
      return { values, stderr };
    },
    explain(point) {
      const ranked = [...probabilities(point).entries()].sort(([, a], [, b]) => b - a).slice(0, 2);
      const told = ranked
        .filter(([, p], i) => i === 0 || p >= 0.1)
        .map(([l, p]) => `${learnt.categories[l] ?? ''} ${(p * 100).toFixed(0)} %`);
      return [`looks like ${told.join(' or ')}`];
    },
    save: () => ({
      meta: { categories: learnt.categories, temperature: learnt.temperature, length: learnt.length },
      tensors: { weights: learnt.weights, prior: learnt.prior, values: learnt.values, stderr: learnt.stderr },
    }),
  };
}

/**
 * What kind of task the query is, softly, times each model's mean score on that kind. The kinds are the training set's
 * labels; a ridge classifier on n-grams and form features tells them apart.
 */
export const category: Part = {
  name: 'category',
  wants: [],
  fit(context) {
    const { set, points, options } = context;
    const { names, of } = categoriesOf(set.labels);
    if (names.length < 2) return undefined;
    const shares = new Float64Array(names.length);
    for (const l of of) shares[l] = (shares[l] ?? 0) + 1 / of.length;
    const prior = shares.map((share) => Math.log(share));
    const temperature = chooseTemperature(context, of, shares, prior);
    const all = Int32Array.from(set.ids.keys());
    const w = solveRidge(points.rows, targets(of, shares, all), names.length, {
      lambda: LAMBDA,
      tolerance: 1e-2,
      transposed: points.transposed,
    });
    checkpoint(options, 1);
    return fitted({
      categories: names,
      weights: Float32Array.from(w),
      temperature,
      prior,
      ...categoryMeans(context, of, names.length),
      length: rowLength(points.rows),
    });
  },
  load(state, space: Space) {
    const reader = readState(state, 'category');
    const categories = reader.names('categories');
    const values = reader.float64('values');
    return fitted({
      categories,
      weights: reader.float32('weights', space.inputs.cols * categories.length),
      temperature: reader.number('temperature'),
      prior: reader.float64('prior', categories.length),
      values,
      stderr: reader.float64('stderr', values.length),
      length: reader.number('length'),
    });
  },
};
