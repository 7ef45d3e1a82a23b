import { nearestRows, fitPostings, type Postings } from '../numeric/postings.ts';
import type { Point } from '../space.ts';
import { readState } from '../state-reader.ts';
import { columnVariance, type FittedPart, type Part } from './part.ts';

/** k: on exam questions 15 loses .015 of the cost–quality area against 100. */
const NEIGHBOURS = 100;
/** Neighbours that always vote for the mean. */
const PSEUDO = 10;
/** Entries of the index: 6 bytes each, 8 beyond 65 536 rows. Larger sets keep fewer n-grams of each query. */
const BUDGET = 3_000_000;
/** Neighbours named in an explanation. */
const TOLD = 3;

interface Learnt {
  readonly postings: Postings;
  /** n × m; NaN where no score is recorded. */
  readonly deviations: Float32Array;
  /** Variance of each model's deviations. */
  readonly variance: Float64Array;
  readonly ids: readonly string[];
}

function fitted({ postings, deviations, variance, ids }: Learnt): FittedPart {
  const m = variance.length;
  const near = ({ text }: Point) => nearestRows(postings, text, NEIGHBOURS);
  return {
    name: 'knn',
    work: postings.members.length / 20 + postings.rows + NEIGHBOURS * m,
    predict(point) {
      const { rows, similarity } = near(point);
      const total = similarity.reduce((sum, value) => sum + value, 0);
      const values = new Float64Array(m);
      const weights = new Float64Array(m);
      // Weights of mean one, so that pseudo-neighbours weigh as much as an average neighbour.
      const scale = total > 0 ? rows.length / total : 0;
      for (let a = 0; a < rows.length; a++) {
        const weight = (similarity[a] ?? 0) * scale;
        const from = (rows[a] ?? 0) * m;
        for (let c = 0; c < m; c++) {
          const deviation = deviations[from + c] ?? Number.NaN;
          if (Number.isNaN(deviation)) continue;
          values[c] = (values[c] ?? 0) + weight * deviation;
          weights[c] = (weights[c] ?? 0) + weight;
        }
      }
      return {
        values: values.map((value, c) => value / ((weights[c] ?? 0) + PSEUDO)),
        stderr: weights.map((weight, c) => Math.sqrt((variance[c] ?? 0) / (weight + PSEUDO))),
      };
    },
    explain(point, columns, models) {
      const { rows, similarity } = near(point);
      const told = Array.from(rows.subarray(0, TOLD)).filter((_, a) => (similarity[a] ?? 0) > 0);
      return told.map((row, a) => {
        const scores = columns
          .slice(0, 4)
          .flatMap((column) => {
            const deviation = deviations[row * m + column] ?? Number.NaN;
            if (Number.isNaN(deviation)) return [];
            const sign = deviation < 0 ? '−' : '+';
            return [`${models[column] ?? ''} ${sign}${Math.abs(deviation * 100).toFixed(0)}`];
          })
          .join(', ');
        return `like ${ids[row] ?? ''} (similarity ${(similarity[a] ?? 0).toFixed(2)}); scores there against the mean: ${scores}`;
      });
    },
    save: () => ({
      meta: { ids, rows: postings.rows, cols: postings.cols },
      tensors: {
        starts: postings.starts,
        members: postings.members,
        values: postings.values,
        deviations,
        variance,
      },
    }),
  };
}

/** The mean deviation of the 100 most similar past queries, weighted by cosine similarity of n-grams and shrunk to 0. Cover and Hart, 1967. */
export const neighbours: Part = {
  name: 'knn',
  wants: [],
  fit({ set, space, points, deviations, recorded }) {
    const m = set.models.length;
    return fitted({
      postings: fitPostings(points.rows, space.inputs.tfidf.size, BUDGET),
      deviations: Float32Array.from(deviations, (value, i) => (recorded?.[i] === 0 ? Number.NaN : value)),
      variance: columnVariance(deviations, recorded, m),
      ids: set.ids,
    });
  },
  load(state) {
    const reader = readState(state, 'knn');
    const rows = reader.number('rows');
    const cols = reader.number('cols');
    const variance = reader.float64('variance');
    const short = state.tensors['members'];
    const members = short instanceof Uint16Array ? short : reader.int32('members');
    return fitted({
      postings: {
        rows,
        cols,
        starts: reader.int32('starts', cols + 1),
        members,
        values: reader.float32('values', members.length),
      },
      deviations: reader.float32('deviations', rows * variance.length),
      variance,
      ids: reader.names('ids'),
    });
  },
};
