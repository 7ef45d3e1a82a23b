import { STRUCTURE_FIELDS } from '../../query/structure.ts';
import { cholesky, choleskySolve, gram } from '../numeric/dense.ts';
import { rowOf } from '../numeric/csr.ts';
import type { Point, Space } from '../space.ts';
import { readState } from '../state-reader.ts';
import { columnVariance, type FittedPart, type Part } from './part.ts';

/** λ of the dense ridge on form features (of length one). */
const LAMBDA = 30;

function formOf(space: Space, { row }: Pick<Point, 'row'>): Float32Array {
  return row.values.subarray(row.values.length - space.inputs.form.size);
}

function fitted(
  space: Space,
  learnt: { readonly means: Float64Array; readonly weights: Float32Array; readonly stderr: Float64Array },
): FittedPart {
  const d = space.inputs.form.size;
  const m = learnt.stderr.length;
  return {
    name: 'form',
    work: d * (m + STRUCTURE_FIELDS.length),
    predict(point) {
      const form = formOf(space, point);
      const values = new Float64Array(m);
      for (let j = 0; j < d; j++) {
        const value = (form[j] ?? 0) - (learnt.means[j] ?? 0);
        for (let c = 0; c < m; c++) values[c] = (values[c] ?? 0) + value * (learnt.weights[j * m + c] ?? 0);
      }
      return { values, stderr: learnt.stderr };
    },
    explain({ features }) {
      const { signals } = features.query;
      const told = ['words', 'lines', 'options', 'codeMarks', 'mathMarks', 'script']
        .filter((name) => signals[name] !== undefined && signals[name] !== 0)
        .map((name) => `${name} ${signals[name]}`);
      return [`its form counts: ${told.join(', ')}`];
    },
    save: () => ({ meta: {}, tensors: { ...learnt } }),
  };
}

/**
 * Ridge regression on random Fourier features of the structure numbers: a smooth function of lengths, digits, code,
 * maths, options and script, whatever the words. Rahimi and Recht, 2007.
 */
export const form: Part = {
  name: 'form',
  wants: [],
  fit({ set, space, points, deviations, recorded }) {
    const n = set.ids.length;
    const m = set.models.length;
    const d = space.inputs.form.size;
    const x = new Float64Array(n * d);
    const means = new Float64Array(d);
    // Features of length one, whatever their weight in the rows of linear parts.
    const scale = 1 / space.inputs.formWeight;
    for (let i = 0; i < n; i++) {
      const row = formOf(space, { row: rowOf(points.rows, i) });
      for (let j = 0; j < d; j++) {
        x[i * d + j] = (row[j] ?? 0) * scale;
        means[j] = (means[j] ?? 0) + (x[i * d + j] ?? 0) / n;
      }
    }
    for (let i = 0; i < x.length; i++) x[i] = (x[i] ?? 0) - (means[i % d] ?? 0);
    const normal = gram(x, d, x, d, n);
    const share = new Float64Array(d * d);
    share.set(normal);
    for (let j = 0; j < d; j++) normal[j * d + j] = (normal[j * d + j] ?? 0) + LAMBDA;
    const factor = cholesky(normal, d);
    const w = choleskySolve(factor, d, gram(x, d, deviations, m, n), m);
    const hat = choleskySolve(factor, d, share, d);
    let freedom = 0;
    for (let j = 0; j < d; j++) freedom += hat[j * d + j] ?? 0;
    const residuals = deviations.slice();
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < d; j++) {
        const value = x[i * d + j] ?? 0;
        for (let c = 0; c < m; c++) residuals[i * m + c] = (residuals[i * m + c] ?? 0) - value * (w[j * m + c] ?? 0);
      }
    }
    const spent = Math.min(0.9, freedom / Math.max(1, n));
    const stderr = columnVariance(residuals, recorded, m).map((value) => Math.sqrt((value / (1 - spent)) * spent));
    return fitted(space, {
      means: means.map((value) => value / scale),
      weights: Float32Array.from(w, (value) => value * scale),
      stderr,
    });
  },
  load(state, space) {
    const reader = readState(state, 'form');
    const stderr = reader.float64('stderr');
    const d = space.inputs.form.size;
    return fitted(space, {
      means: reader.float64('means', d),
      weights: reader.float32('weights', d * stderr.length),
      stderr,
    });
  },
};
