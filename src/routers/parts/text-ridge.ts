import { multiply } from '../numeric/csr.ts';
import { movingTerms, tellTerms } from '../term-reasons.ts';
import type { Space } from '../space.ts';
import { readState } from '../state-reader.ts';
import { checkpoint } from '../training-set.ts';
import { applyRow } from './linear.ts';
import { degreesOfFreedom, solveRidge } from '../numeric/ridge.ts';
import { columnVariance, rowLength, type FittedPart, type Part } from './part.ts';

/** λ: cross-validation on several sets liked 20 to 50 best. */
const LAMBDA = 30;
function fitted(
  space: Space,
  learnt: { readonly weights: Float32Array; readonly stderr: Float64Array; readonly length: number },
): FittedPart {
  const m = learnt.stderr.length;
  return {
    name: 'ridge',
    work: learnt.length * m,
    predict: ({ row }) => ({ values: applyRow(row, learnt.weights, m), stderr: learnt.stderr }),
    explain({ features, row }, columns, models) {
      return columns.flatMap((column) => {
        const value = new Map<number, number>();
        for (let p = 0; p < row.columns.length; p++) value.set(row.columns[p] ?? 0, row.values[p] ?? 0);
        const terms = movingTerms(
          features.query.instruction,
          space.inputs.tfidf,
          (term) => (value.get(term) ?? 0) * (learnt.weights[term * m + column] ?? 0),
        );
        return terms.length === 0 ? [] : [`${models[column] ?? ''}: moved by ${tellTerms(terms)}`];
      });
    },
    save: () => ({ meta: { length: learnt.length }, tensors: { weights: learnt.weights, stderr: learnt.stderr } }),
  };
}

/** Ridge regression of every model's deviations on n-grams and form features at once. */
export const textRidge: Part = {
  name: 'ridge',
  wants: [],
  fit({ points, deviations, recorded, space, options }) {
    const { rows, transposed } = points;
    const m = deviations.length / Math.max(1, rows.rows);
    const w = solveRidge(rows, deviations, m, {
      lambda: LAMBDA,
      recorded,
      transposed,
      onIteration: (i) => checkpoint(options, i / (i + 8)),
    });
    const predicted = new Float64Array(rows.rows * m);
    multiply(rows, w, m, predicted);
    const residuals = predicted.map((value, i) => (deviations[i] ?? 0) - value);
    // Average variance of a fitted value: σ²·df/n, with σ² from what the degrees of freedom leave of the residuals.
    const share = Math.min(0.9, degreesOfFreedom(rows, transposed, LAMBDA, options.seed) / Math.max(1, rows.rows));
    const stderr = columnVariance(residuals, recorded, m).map((value) => Math.sqrt((value / (1 - share)) * share));
    return fitted(space, { weights: Float32Array.from(w), stderr, length: rowLength(rows) });
  },
  load(state, space) {
    const reader = readState(state, 'ridge');
    const stderr = reader.float64('stderr');
    const weights = reader.float32('weights', space.inputs.cols * stderr.length);
    return fitted(space, { weights, stderr, length: reader.number('length') });
  },
};
