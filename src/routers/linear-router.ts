import type { Model } from '../catalog/model.ts';
import { columnFinder } from './columns.ts';
import type { SparseRow } from './numeric/csr.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { inputRow, loadInputs, saveInputs, type SparseInputs } from './sparse-inputs.ts';
import { readState } from './state-reader.ts';
import { movingTerms, tellTerms } from './term-reasons.ts';
import type { RouterState, TrainedRouter } from './trained.ts';

/** A score per model that is linear in n-grams and form, z_m = o_m + x·w_m, and how sure it is. */
export interface LinearScores {
  readonly inputs: SparseInputs;
  readonly models: readonly string[];
  /** o: the score of an average query. */
  readonly offsets: Float64Array;
  /** Variance of each offset. */
  readonly offsetVariances: Float64Array;
  /** w: cols × m, row-major. */
  readonly weights: Float32Array;
  /** λ: the curvature that the penalty gives every weight. */
  readonly lambda: number;
  /** Σᵢ xᵢⱼ² of each column. */
  readonly energy: Float32Array;
  /** Curvature of each model's loss per unit of energy, over all rows; 0 for a model without recorded scores. */
  readonly curvature: Float64Array;
  /** Variance of a score around its expectation, in units of that curvature. */
  readonly noise: Float64Array;
}

/** How a linear score becomes quality. */
export interface Link {
  /** 0..1, never decreasing. */
  quality(z: number): number;
  /** Its slope. */
  slope(z: number): number;
}

/** z_m for every model. */
export function scoresOf({ offsets, weights }: LinearScores, { columns, values }: SparseRow): Float64Array {
  const z = offsets.slice();
  const m = z.length;
  for (let p = 0; p < columns.length; p++) {
    const from = (columns[p] ?? 0) * m;
    const value = values[p] ?? 0;
    for (let c = 0; c < m; c++) z[c] = (z[c] ?? 0) + value * (weights[from + c] ?? 0);
  }
  return z;
}

/** Var(z_m) by Laplace with the Hessian's diagonal: noise · Σⱼ xⱼ² / (λ + curvature · Σᵢ xᵢⱼ²), and that of the offset. */
function varianceOf(scores: LinearScores, { columns, values }: SparseRow, c: number): number {
  const { lambda, energy, curvature, noise, offsetVariances } = scores;
  const curve = curvature[c] ?? 0;
  let sum = 0;
  for (let p = 0; p < columns.length; p++) {
    const value = values[p] ?? 0;
    sum += (value * value) / (lambda + curve * (energy[columns[p] ?? 0] ?? 0));
  }
  return (offsetVariances[c] ?? 0) + (noise[c] ?? 0) * sum;
}

const percent = (quality: number): string => `${(quality * 100).toFixed(0)} %`;

function explainAll(
  scores: LinearScores,
  link: Link,
  find: (model: Model) => number,
  features: Features,
  models: readonly Model[],
): string[] {
  const { inputs, weights, offsets, curvature } = scores;
  const m = offsets.length;
  const row = inputRow(inputs, features);
  const z = scoresOf(scores, row);
  const values = new Map<number, number>();
  for (let p = 0; p < row.columns.length; p++) values.set(row.columns[p] ?? 0, row.values[p] ?? 0);
  return models.map((model) => {
    const c = find(model);
    if ((curvature[c] ?? 0) === 0) return `${model.id}: nothing learnt, taken as declared`;
    const terms = movingTerms(
      features.query.instruction,
      inputs.tfidf,
      (column) => (values.get(column) ?? 0) * (weights[column * m + c] ?? 0),
    );
    const why = terms.length === 0 ? 'no word of it is known' : tellTerms(terms);
    return `${model.id}: ${percent(link.quality(z[c] ?? 0))}, on average ${percent(link.quality(offsets[c] ?? 0))}; ${why}`;
  });
}

/** A router of linear scores. */
export function linearRouter(name: string, scores: LinearScores, link: Link): TrainedRouter {
  const find = columnFinder(scores.models);
  return {
    name,
    needs: ['ngrams', 'structure'],
    models: scores.models,
    predict(features, models) {
      const row = inputRow(scores.inputs, features);
      const z = scoresOf(scores, row);
      return models.map((model): Prediction => {
        const c = find(model);
        if ((scores.curvature[c] ?? 0) === 0) return priorOf(model);
        const at = z[c] ?? 0;
        return { quality: link.quality(at), stderr: link.slope(at) * Math.sqrt(varianceOf(scores, row, c)) };
      });
    },
    explain: (features, models) => explainAll(scores, link, find, features, models),
    save(): RouterState {
      const { inputs, models, offsets, offsetVariances, weights, lambda, energy, curvature, noise } = scores;
      const { meta, tensors } = saveInputs(inputs);
      return {
        router: name,
        meta: { ...meta, models, lambda },
        tensors: { ...tensors, offsets, offsetVariances, weights, energy, curvature, noise },
      };
    },
  };
}

/** Reads what such a router saved. */
export function loadLinear(name: string, saved: RouterState): LinearScores {
  const state = readState(saved, name);
  const inputs = loadInputs(state);
  const models = state.names('models');
  const m = models.length;
  return {
    inputs,
    models,
    offsets: state.float64('offsets', m),
    offsetVariances: state.float64('offsetVariances', m),
    weights: state.float32('weights', inputs.cols * m),
    lambda: state.number('lambda'),
    energy: state.float32('energy', inputs.cols),
    curvature: state.float64('curvature', m),
    noise: state.float64('noise', m),
  };
}
