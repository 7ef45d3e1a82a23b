/** Predictions of one tenth of 0..1 and what came of them. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Mean predicted quality. */
  readonly predicted: number;
  /** Mean recorded score. */
  readonly scored: number;
}

export interface Calibration {
  /** Expected calibration error: mean distance between predicted and scored over the bins, by count. */
  readonly ece: number;
  /** Mean squared error of the predictions (Brier, 1950). */
  readonly brier: number;
  /** Bins that hold something, ascending. */
  readonly bins: readonly Bin[];
}

const BINS = 10;

/**
 * How far predicted qualities can be taken at their word, over every query and model (Guo et al., ICML 2017: ten bins of
 * equal width). Predictions outside 0..1 count in the outermost bins.
 */
export function calibrationOf(predicted: Float64Array, scores: Float64Array): Calibration {
  const counts = new Float64Array(BINS);
  const guesses = new Float64Array(BINS);
  const results = new Float64Array(BINS);
  let squares = 0;
  for (let i = 0; i < scores.length; i++) {
    const [q, s] = [predicted[i] ?? 0, scores[i] ?? 0];
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor(q * BINS)));
    counts[bin] = (counts[bin] ?? 0) + 1;
    guesses[bin] = (guesses[bin] ?? 0) + q;
    results[bin] = (results[bin] ?? 0) + s;
    squares += (q - s) ** 2;
  }
  const bins: Bin[] = [];
  let distance = 0;
  for (let b = 0; b < BINS; b++) {
    const count = counts[b] ?? 0;
    if (count === 0) continue;
    const [guess, result] = [(guesses[b] ?? 0) / count, (results[b] ?? 0) / count];
    distance += count * Math.abs(guess - result);
    bins.push({ from: b / BINS, to: (b + 1) / BINS, count, predicted: guess, scored: result });
  }
  const n = Math.max(1, scores.length);
  return { ece: distance / n, brier: squares / n, bins };
}
