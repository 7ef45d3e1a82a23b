/** A symmetric positive definite operator on n × k blocks: writes A·P into `out`, column by column its own. */
export type BlockOperator = (p: Float64Array, out: Float64Array) => void;

/** Sums of squares (or products) per column of two n × k blocks. */
function columnDots(a: Float64Array, b: Float64Array, k: number, out: Float64Array): void {
  out.fill(0);
  for (let i = 0; i < a.length; i += k) {
    for (let c = 0; c < k; c++) out[c] = (out[c] ?? 0) + (a[i + c] ?? 0) * (b[i + c] ?? 0);
  }
}

/** target += scale[c] · source, per column. */
function addScaled(target: Float64Array, source: Float64Array, scale: Float64Array, k: number): void {
  for (let i = 0; i < target.length; i += k) {
    for (let c = 0; c < k; c++) target[i + c] = (target[i + c] ?? 0) + (scale[c] ?? 0) * (source[i + c] ?? 0);
  }
}

export interface CgOptions {
  /** Columns of the block. */
  readonly k: number;
  /** Stops when every column's residual is this small against its right-hand side. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** Told after each iteration. */
  readonly onIteration?: (iteration: number) => void;
}

/**
 * Solves A·W = B for k right-hand sides at once, each with its own step sizes. Conjugate gradients: Hestenes and
 * Stiefel, 1952. Deterministic; starts from zero.
 */
export function conjugateGradient(apply: BlockOperator, b: Float64Array, options: CgOptions): Float64Array {
  const { k, tolerance = 1e-3, maxIterations = 60, onIteration } = options;
  const w = new Float64Array(b.length);
  const r = b.slice();
  const p = b.slice();
  const ap = new Float64Array(b.length);
  const rr = new Float64Array(k);
  const next = new Float64Array(k);
  const pap = new Float64Array(k);
  const alpha = new Float64Array(k);
  columnDots(r, r, k, rr);
  const target = rr.map((value) => value * tolerance * tolerance);
  for (let iteration = 0; iteration < maxIterations; iteration++) {
    if (rr.every((value, c) => value <= (target[c] ?? 0))) break;
    apply(p, ap);
    columnDots(p, ap, k, pap);
    for (let c = 0; c < k; c++) alpha[c] = (pap[c] ?? 0) > 0 ? (rr[c] ?? 0) / (pap[c] ?? 1) : 0;
    addScaled(w, p, alpha, k);
    for (let c = 0; c < k; c++) alpha[c] = -(alpha[c] ?? 0);
    addScaled(r, ap, alpha, k);
    columnDots(r, r, k, next);
    for (let i = 0; i < p.length; i += k) {
      for (let c = 0; c < k; c++) {
        const beta = (rr[c] ?? 0) > 0 ? (next[c] ?? 0) / (rr[c] ?? 1) : 0;
        p[i + c] = (r[i + c] ?? 0) + beta * (p[i + c] ?? 0);
      }
    }
    rr.set(next);
    onIteration?.(iteration + 1);
  }
  return w;
}
