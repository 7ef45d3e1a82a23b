/**
 * Standard errors of predicted qualities from a fit's own optimism. A prediction that was fitted to a row is nearer to
 * it than to a new one: held-out − training mean squared error ≈ 2·σ²·df/n, twice the variance of the prediction (Efron,
 * 1986). Half of the difference, as a share pooled over models (single ones are too noisy), times the model's own
 * held-out error is its variance; at least that of a mean, and at most all of it.
 *
 * @param predicted n × m predictions for the rows of `scores` (n × m, NaN = not recorded)
 * @param held 1 for each of the n rows that the fit had not seen
 * @returns m standard errors
 */
export function heldOutErrors(
  predicted: Float64Array,
  scores: Float64Array,
  held: Int32Array,
  m: number,
): Float64Array {
  const sums = new Float64Array(m);
  const counts = new Float64Array(m);
  const seen = { sum: 0, count: 0 };
  const unseen = { sum: 0, count: 0 };
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    const c = i % m;
    const square = ((predicted[i] ?? 0) - score) ** 2;
    const side = held[(i - c) / m] === 1 ? unseen : seen;
    side.sum += square;
    side.count++;
    sums[c] = (sums[c] ?? 0) + square;
    counts[c] = (counts[c] ?? 0) + 1;
  }
  const fresh = unseen.sum / unseen.count;
  const optimism = (fresh - seen.sum / seen.count) / (2 * fresh);
  const share = Number.isFinite(optimism) ? Math.max(0, optimism) : 0;
  return Float64Array.from({ length: m }, (_, c) => {
    const n = counts[c] ?? 0;
    // Three pseudo-rows of ± .5, so that a few lucky rows are no certainty.
    const square = ((sums[c] ?? 0) + 3 * 0.25) / (n + 3);
    return Math.sqrt(square * Math.min(1, share + 1 / (n + 1)));
  });
}
