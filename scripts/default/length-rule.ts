import type { Features } from '../../src/routers/router.ts';
import { columnMeans, type TrainingSet } from '../../src/routers/training-set.ts';
import { fitLines, textLengths } from '../../src/training/evaluate/length-line.ts';

const PENALTY_ROWS = 10;

const logLengths = (features: readonly Features[]): Float64Array =>
  textLengths(features).map((chars) => Math.log1p(chars));

/** Quality of a model by the length of the query alone. */
export interface LengthRule {
  /** Of models that were learnt: n × m. */
  readonly named: (features: readonly Features[], names: readonly string[]) => Float64Array;
  /** Of models of a declared quality: what models that good lose with length. */
  readonly declared: (features: readonly Features[], qualities: Float64Array) => Float64Array;
}

/**
 * The control that a shipped router must beat before its words count: lines in log length, learnt from the same rows. How
 * steep the line of a model with a declared quality is follows, by a line of its own, from how good the model is.
 */
export function fitLengthRule(set: TrainingSet): LengthRule {
  const m = set.models.length;
  const x = logLengths(set.features);
  const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
  const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
  const { slope, intercept } = fitLines(x, set.scores, m, PENALTY_ROWS * variance);
  const steepness = fitLines(columnMeans(set.scores, m), slope, 1);
  const table = (features: readonly Features[], k: number, at: (log: number, column: number) => number) => {
    const logs = logLengths(features);
    return Float64Array.from({ length: logs.length * k }, (_, i) => at(logs[Math.floor(i / k)] ?? 0, i % k));
  };
  return {
    named(features, names) {
      const columns = names.map((name) => set.models.indexOf(name));
      return table(features, names.length, (log, j) => {
        const column = columns[j] ?? -1;
        return (intercept[column] ?? 0) + (slope[column] ?? 0) * log;
      });
    },
    declared(features, qualities) {
      const slopes = qualities.map((q) => (steepness.intercept[0] ?? 0) + (steepness.slope[0] ?? 0) * q);
      return table(features, qualities.length, (log, j) => (qualities[j] ?? 0) + (slopes[j] ?? 0) * (log - mean));
    },
  };
}
