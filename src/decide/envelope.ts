/** A table of n queries × m models, row-major. */
export type Table = Float32Array | Float64Array;

/**
 * The choices argmax q − λ·c as λ grows from 0: the upper envelope of the lines q_j − λ·c_j (a convex hull trick; de Berg
 * et al., Computational Geometry, 11.4). Segment s holds for `lambdas[s]` ≤ λ < `lambdas[s + 1]`; the last one for ever.
 */
export interface Envelope {
  /** Chosen column of each segment. */
  readonly choices: Int32Array;
  /** Where each segment begins; the first at 0. */
  readonly lambdas: Float64Array;
}

/** Room for the envelope of m lines, used again for every row. */
export function createEnvelope(m: number): Envelope {
  return { choices: new Int32Array(m), lambdas: new Float64Array(m) };
}

/**
 * Walks one row's envelope into `out` and gives the number of segments, at most m. `offset` is where the row begins,
 * `columns` are the candidates in the order that breaks the last tie. Ties: the cheaper cost, then that order. O(m) a segment.
 */
export function walkEnvelope(quality: Table, cost: Table, offset: number, columns: Int32Array, out: Envelope): number {
  let at = columns[0] ?? 0;
  let q = quality[offset + at] ?? 0;
  let c = cost[offset + at] ?? 0;
  for (let i = 1; i < columns.length; i++) {
    const j = columns[i] ?? 0;
    const qj = quality[offset + j] ?? 0;
    const cj = cost[offset + j] ?? 0;
    if (qj > q || (qj === q && cj < c)) {
      at = j;
      q = qj;
      c = cj;
    }
  }
  out.choices[0] = at;
  out.lambdas[0] = 0;
  let segments = 1;
  let from = 0;
  for (;;) {
    let next = -1;
    let least = Number.POSITIVE_INFINITY;
    let nextCost = 0;
    for (let i = 0; i < columns.length; i++) {
      const j = columns[i] ?? 0;
      const cj = cost[offset + j] ?? 0;
      if (cj >= c) continue;
      const lambda = (q - (quality[offset + j] ?? 0)) / (c - cj);
      if (next === -1 || lambda < least || (lambda === least && cj < nextCost)) {
        next = j;
        least = lambda;
        nextCost = cj;
      }
    }
    if (next === -1) return segments;
    from = Math.max(from, least);
    q = quality[offset + next] ?? 0;
    c = nextCost;
    out.choices[segments] = next;
    out.lambdas[segments++] = from;
  }
}
