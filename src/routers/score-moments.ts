/** Recorded scores, mean and standard deviation of each column; a column without any is .5 ± .5. One pass: Welford, 1962. */
export function scoreMoments(scores: Float64Array, m: number) {
  const counts = new Float64Array(m);
  const means = new Float64Array(m);
  const deviations = new Float64Array(m);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] ?? Number.NaN;
    if (Number.isNaN(score)) continue;
    const c = i % m;
    const n = (counts[c] ?? 0) + 1;
    const delta = score - (means[c] ?? 0);
    counts[c] = n;
    means[c] = (means[c] ?? 0) + delta / n;
    deviations[c] = (deviations[c] ?? 0) + delta * (score - (means[c] ?? 0));
  }
  for (let c = 0; c < m; c++) {
    const n = counts[c] ?? 0;
    if (n === 0) means[c] = 0.5;
    // Three pseudo-rows of ± .5: a few equal scores are no certainty.
    deviations[c] = Math.sqrt(((deviations[c] ?? 0) + 3 * 0.25) / (n + 3));
  }
  return { counts, means, deviations };
}
