/** Means and deviations of columns. */
export interface Scaling {
  readonly means: Float64Array;
  /** 1 / standard deviation; 0 where a column is constant. */
  readonly scales: Float64Array;
}

/** An outlier counts as this many standard deviations at most. */
const FAR = 4;

/** Learns the scaling of rows of `size` numbers; what is not finite, or missing, is left out. */
export function fitScaling(rows: readonly (ArrayLike<number> | undefined)[], size: number): Scaling {
  const means = new Float64Array(size);
  const squares = new Float64Array(size);
  const counts = new Float64Array(size);
  for (const row of rows) {
    for (let c = 0; c < size; c++) {
      const value = row?.[c] ?? Number.NaN;
      if (!Number.isFinite(value)) continue;
      // Welford, 1962.
      const n = (counts[c] ?? 0) + 1;
      const delta = value - (means[c] ?? 0);
      counts[c] = n;
      means[c] = (means[c] ?? 0) + delta / n;
      squares[c] = (squares[c] ?? 0) + delta * (value - (means[c] ?? 0));
    }
  }
  const scales = squares.map((square, c) => {
    const deviation = Math.sqrt(square / Math.max(1, counts[c] ?? 0));
    return deviation > 1e-9 * Math.max(1, Math.abs(means[c] ?? 0)) ? 1 / deviation : 0;
  });
  return { means, scales };
}

/** A row as standard deviations from the mean, within ±4; what is not finite, or missing, is the mean. */
export function standardise({ means, scales }: Scaling, row: ArrayLike<number> | undefined, out: Float64Array): void {
  for (let c = 0; c < means.length; c++) {
    const value = row?.[c] ?? Number.NaN;
    out[c] = Number.isFinite(value) ? Math.max(-FAR, Math.min(FAR, (value - (means[c] ?? 0)) * (scales[c] ?? 0))) : 0;
  }
}
