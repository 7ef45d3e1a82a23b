import { denseRows, multiply, transpose } from '../numeric/csr.ts';
import { drawProjection, foldProjection, projectInto } from '../numeric/random-projection.ts';
import { degreesOfFreedom, solveRidge } from '../numeric/ridge.ts';
import type { Features } from '../router.ts';
import type { Point } from '../space.ts';
import { readState } from '../state-reader.ts';
import { checkpoint, columnMeans } from '../training-set.ts';
import { columnVariance, type Deviations, type FittedPart, type Part, type PartContext } from './part.ts';

/** Longer vectors are projected for the fit, whose work grows with their length. */
const MAX_DIMS = 256;
/** Share of the rows that must have a vector. */
const LEAST_SHARE = 0.9;
/**
 * λ, as of text rows, which have the same length. Topic directions as a stand-in for vectors do as well with 16 and 64; the
 * λ of least error on unseen rows is small where queries differ much in how hard they are, and then loses (BFCL: .8776
 * against .8899).
 */
const LAMBDA = 30;
/** Deviations smaller than this are not told. */
const TOLD = 0.005;

interface Learnt {
  /** dim × m. */
  readonly weights: Float32Array;
  /** m: the deviations of a vector of zeros. */
  readonly offsets: Float64Array;
  readonly stderr: Float64Array;
}

function fitted({ weights, offsets, stderr }: Learnt): FittedPart {
  const m = offsets.length;
  const dim = m === 0 ? 0 : weights.length / m;
  const predict = ({ features: { embedding } }: Point): Deviations | undefined => {
    if (embedding === undefined || embedding.length !== dim) return undefined;
    const values = offsets.slice();
    for (let i = 0; i < dim; i++) {
      const value = embedding[i] ?? 0;
      for (let c = 0; c < m; c++) values[c] = (values[c] ?? 0) + value * (weights[i * m + c] ?? 0);
    }
    return values.every(Number.isFinite) ? { values, stderr } : undefined;
  };
  return {
    name: 'vectors',
    needs: ['embedding'],
    work: weights.length,
    predict,
    explain(point, columns, models) {
      const told = predict(point);
      if (told === undefined) return ['this query came without its vector: what vectors say is left out'];
      const moved = columns
        .map((column) => ({ name: models[column] ?? '', by: told.values[column] ?? 0 }))
        .filter(({ by }) => Math.abs(by) >= TOLD)
        .sort((a, b) => Math.abs(b.by) - Math.abs(a.by))
        .slice(0, 4)
        .map(({ name, by }) => `${name} ${by < 0 ? '−' : '+'}${Math.abs(by * 100).toFixed(0)}`);
      return [
        moved.length === 0
          ? 'its vector moves no model away from its mean'
          : `its vector moves models from their means: ${moved.join(', ')} points`,
      ];
    },
    save: () => ({ meta: {}, tensors: { weights, offsets, stderr } }),
  };
}

/** Length of the vectors and the rows that have one. */
function rowsWithVector(features: readonly Features[]): { readonly dim: number; readonly rows: Int32Array } {
  const dim = features.find(({ embedding }) => embedding !== undefined)?.embedding?.length ?? 0;
  const rows = Int32Array.from(features.keys()).filter((row) => features[row]?.embedding?.length === dim);
  return { dim, rows };
}

/** Whether enough rows have a vector to learn from. */
export function hasVectors(features: readonly Features[]): boolean {
  const { dim, rows } = rowsWithVector(features);
  return dim > 0 && rows.length >= LEAST_SHARE * features.length;
}

/** Rows of a table (n × k) at `rows`. */
function pick(table: Float64Array, rows: Int32Array, k: number): Float64Array {
  const out = new Float64Array(rows.length * k);
  for (const [to, from] of rows.entries()) out.set(table.subarray(from * k, (from + 1) * k), to * k);
  return out;
}

/** The vectors as rows of mean zero and mean square length one; `means` and `scale` say how. */
function standardRows(features: readonly Features[], rows: Int32Array, d: number, project: Projector) {
  const values = new Float32Array(rows.length * d);
  for (const [i, row] of rows.entries()) project(features[row]?.embedding ?? [], values, i * d);
  const means = new Float64Array(d);
  for (let at = 0; at < values.length; at++) means[at % d] = (means[at % d] ?? 0) + (values[at] ?? 0) / rows.length;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += ((values[at] ?? 0) - (means[at % d] ?? 0)) ** 2;
  // Below the rounding of 32 bits all vectors are one.
  const scale = squares > 1e-9 * rows.length ? Math.sqrt(rows.length / squares) : 0;
  for (let at = 0; at < values.length; at++) values[at] = ((values[at] ?? 0) - (means[at % d] ?? 0)) * scale;
  return { x: denseRows(values, d), means, scale };
}

type Projector = (x: ArrayLike<number>, out: Float32Array, at: number) => void;

const asItIs: Projector = (x, out, at) => out.set(x, at);

function learn({ set, deviations, recorded, options }: PartContext): Learnt {
  const m = set.models.length;
  const { dim, rows } = rowsWithVector(set.features);
  const projection = dim > MAX_DIMS ? drawProjection(dim, MAX_DIMS, options.seed) : undefined;
  const project: Projector =
    projection === undefined ? asItIs : (vector, out, at) => projectInto(projection, vector, out, at);
  const { x, means, scale } = standardRows(set.features, rows, Math.min(dim, MAX_DIMS), project);
  const known = recorded === null ? null : pick(recorded, rows, m);
  const targets = pick(deviations, rows, m);
  // b: rows without a vector may differ from the others in their mean.
  const intercept = columnMeans(
    targets.map((value, i) => (known?.[i] === 0 ? Number.NaN : value)),
    m,
    0,
  );
  const y = targets.map((value, i) => (known?.[i] === 0 ? 0 : value - (intercept[i % m] ?? 0)));
  const transposed = transpose(x);
  const w = solveRidge(x, y, m, {
    lambda: LAMBDA,
    recorded: known,
    transposed,
    onIteration: (i) => checkpoint(options, i / (i + 8)),
  });
  const predicted = new Float64Array(y.length);
  multiply(x, w, m, predicted);
  const residuals = y.map((value, i) => value - (predicted[i] ?? 0));
  const share = Math.min(0.9, (degreesOfFreedom(x, transposed, LAMBDA, options.seed) + 1) / rows.length);
  // x ↦ b + Wᵀ·scale·(Rx − mean) as one map of x.
  const scaled = w.map((value) => value * scale);
  const offsets = intercept.map((b, c) => means.reduce((sum, mean, j) => sum - mean * (scaled[j * m + c] ?? 0), b));
  return {
    weights: Float32Array.from(projection === undefined ? scaled : foldProjection(projection, scaled, m)),
    offsets,
    stderr: columnVariance(residuals, known, m).map((value) => Math.sqrt((value / (1 - share)) * share)),
  };
}

/**
 * Ridge regression of every model's deviations on dense vectors from an embedder:
 * d̂_c(x) = b_c + w_cᵀ(x − x̄), W minimising Σ (d − d̂)² + λ‖W‖² over the rows that have a vector (Hoerl and Kennard, 1970),
 * on x − x̄ divided by its root mean square length. Vectors of more than 256 numbers are projected at random for the fit
 * (Kane and Nelson, 2014); what is kept is one linear map of the whole vector. It abstains on a query without its vector.
 */
export const vectors: Part = {
  name: 'vectors',
  wants: [],
  fit: (context) => (hasVectors(context.set.features) ? fitted(learn(context)) : undefined),
  load(state) {
    const reader = readState(state, 'vectors');
    const offsets = reader.float64('offsets');
    const weights = reader.float32('weights');
    if (offsets.length === 0 ? weights.length > 0 : weights.length % offsets.length !== 0) {
      return reader.refuse(`tensor "weights" holds ${weights.length} numbers for ${offsets.length} models`);
    }
    return fitted({ weights, offsets, stderr: reader.float64('stderr', offsets.length) });
  },
};
