/** A non-decreasing function as blocks: what was seen between `low` and `high` is worth `values` on average. */
export interface IsotonicBlocks {
  /** Weighted mean place of each block, ascending. */
  readonly centres: Float64Array;
  /** Non-decreasing; strictly increasing from block to block. */
  readonly values: Float64Array;
}

/**
 * The non-decreasing function nearest to points (x, y) in least squares, by pooling adjacent violators (Ayer et al., 1955;
 * Barlow et al., 1972). Points with the same x are one. O(n log n).
 */
export function fitIsotonic(x: Float64Array, y: Float64Array): IsotonicBlocks {
  const order = Int32Array.from(x, (_, i) => i).sort((a, b) => (x[a] ?? 0) - (x[b] ?? 0) || a - b);
  const places = new Float64Array(x.length);
  const values = new Float64Array(x.length);
  const weights = new Float64Array(x.length);
  let size = 0;
  let last = Number.NaN;
  for (const i of order) {
    const at = x[i] ?? 0;
    if (at === last && size > 0) {
      const weight = (weights[size - 1] ?? 0) + 1;
      values[size - 1] = (values[size - 1] ?? 0) + ((y[i] ?? 0) - (values[size - 1] ?? 0)) / weight;
      weights[size - 1] = weight;
      continue;
    }
    places[size] = last = at;
    values[size] = y[i] ?? 0;
    weights[size++] = 1;
  }
  let blocks = 0;
  for (let i = 0; i < size; i++) {
    let place = places[i] ?? 0;
    let value = values[i] ?? 0;
    let weight = weights[i] ?? 0;
    while (blocks > 0 && (values[blocks - 1] ?? 0) >= value) {
      blocks--;
      const before = weights[blocks] ?? 0;
      const share = before / (before + weight);
      place = (places[blocks] ?? 0) * share + place * (1 - share);
      value = (values[blocks] ?? 0) * share + value * (1 - share);
      weight += before;
    }
    places[blocks] = place;
    values[blocks] = value;
    weights[blocks++] = weight;
  }
  return { centres: places.slice(0, blocks), values: values.slice(0, blocks) };
}

/** The blocks' values at their centres and straight lines between them, so that what differed still differs. */
export function isotonicAt({ centres, values }: IsotonicBlocks, x: number): number {
  let low = 0;
  let high = centres.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((centres[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return values[0] ?? x;
  const from = centres[low - 1] ?? 0;
  const left = values[low - 1] ?? 0;
  const to = centres[low];
  return to === undefined ? left : left + (((values[low] ?? 0) - left) * (x - from)) / (to - from);
}
