import type { Features } from '../../routers/router.ts';
import type { TrainingSet } from '../../routers/training-set.ts';

/** A line per column: value ≈ intercept + slope · x. */
export interface Lines {
  readonly intercept: Float64Array;
  readonly slope: Float64Array;
}

/** Least squares of each of m columns on x over its recorded rows; `penalty` (in units of Σ(x − x̄)²) pulls slopes to 0. */
export function fitLines(x: Float64Array, table: Float64Array, m: number, penalty = 0): Lines {
  const intercept = new Float64Array(m);
  const slope = new Float64Array(m);
  for (let j = 0; j < m; j++) {
    let n = 0;
    let sumX = 0;
    let sumY = 0;
    for (let i = 0; i < x.length; i++) {
      const y = table[i * m + j] ?? Number.NaN;
      if (Number.isNaN(y)) continue;
      n++;
      sumX += x[i] ?? 0;
      sumY += y;
    }
    const meanX = n === 0 ? 0 : sumX / n;
    const meanY = n === 0 ? Number.NaN : sumY / n;
    let xx = penalty;
    let xy = 0;
    for (let i = 0; i < x.length; i++) {
      const y = table[i * m + j] ?? Number.NaN;
      if (Number.isNaN(y)) continue;
      const dx = (x[i] ?? 0) - meanX;
      xx += dx * dx;
      xy += dx * (y - meanY);
    }
    slope[j] = xx > 0 ? xy / xx : 0;
    intercept[j] = meanY - (slope[j] ?? 0) * meanX;
  }
  return { intercept, slope };
}

/** The lines at every x: n × m. */
export function onLines({ intercept, slope }: Lines, x: Float64Array): Float64Array {
  const m = slope.length;
  const out = new Float64Array(x.length * m);
  for (let i = 0; i < out.length; i++)
    out[i] = (intercept[i % m] ?? 0) + (slope[i % m] ?? 0) * (x[Math.floor(i / m)] ?? 0);
  return out;
}

/** Length of each query's text in characters. */
export function textLengths(features: readonly Features[]): Float64Array {
  return Float64Array.from(features, ({ query }) => query.text.length);
}

/** Cost per model as a line in the length of the text: what the prototype knows of costs. NaN = never recorded. */
export function fitCostLines({ features, costs, models }: TrainingSet): (rows: readonly Features[]) => Float64Array {
  const lines = fitLines(textLengths(features), costs, models.length);
  return (rows) => onLines(lines, textLengths(rows));
}
