/** RouteLLM's measures of a router between a weak and a strong model. */
export interface RouteLlm {
  /** Share of the performance gap recovered, averaged over call shares: 0 = the weak model, 1 = the strong one, ½ = random. */
  readonly apgr: number;
  /** Percent of calls to the strong model at which half of the gap is recovered. */
  readonly cpt50: number;
  readonly cpt80: number;
}

/** Two models' scores and how much a router prefers the strong one, per query; queries in ascending preference. */
export interface Duel {
  readonly preference: Float64Array;
  readonly strong: Float64Array;
  readonly weak: Float64Array;
  /** Where each query stands in the outcomes. */
  readonly order: Int32Array;
}

/** Sorts queries by the preference for the strong model; ties keep their order. */
export function duelOf(preference: Float64Array, strong: Float64Array, weak: Float64Array): Duel {
  const order = Int32Array.from(preference.keys()).sort((a, b) => (preference[a] ?? 0) - (preference[b] ?? 0) || a - b);
  const sorted = (values: Float64Array): Float64Array => Float64Array.from(order, (i) => values[i] ?? 0);
  return { preference: sorted(preference), strong: sorted(strong), weak: sorted(weak), order };
}

const BINS = 10;

/** Edges of `BINS` quantile bins of weighted values in ascending order, as pandas' `qcut` has them; equal edges once. */
function binEdges(values: Float64Array, weights: Float64Array, total: number): number[] {
  const edges: number[] = [];
  let at = 0;
  let below = 0;
  const valueAt = (place: number): number => {
    while (at < values.length - 1 && below + (weights[at] ?? 0) <= place) below += weights[at++] ?? 0;
    return values[at] ?? 0;
  };
  for (let b = 0; b <= BINS; b++) {
    const place = (b / BINS) * (total - 1);
    const low = valueAt(Math.floor(place));
    const [keptAt, keptBelow] = [at, below];
    const high = valueAt(Math.ceil(place));
    [at, below] = [keptAt, keptBelow];
    const edge = low + (high - low) * (place - Math.floor(place));
    if (edges.at(-1) !== edge) edges.push(edge);
  }
  return edges;
}

/** The index that numpy's `interp` uses: the last xp ≤ x for ascending xp, else whatever its search happens to find. */
function interpIndex(x: number, xp: readonly number[]): number {
  const value = (i: number): number => xp[i] ?? 0;
  const n = xp.length;
  if (x > value(n - 1)) return n;
  if (x < value(0)) return -1;
  if (n <= 4) {
    let i = 1;
    while (i < n && x >= value(i)) i++;
    return i - 1;
  }
  for (let i = 1; i <= 3; i++) if (x < value(i)) return i - 1;
  let low = 3;
  let high = n;
  if (n > 10 && x < value(9)) high = 9;
  while (low < high) {
    const middle = low + ((high - low) >> 1);
    if (x >= value(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** `numpy.interp`. */
export function interpolate(x: number, xp: readonly number[], fp: readonly number[]): number {
  const n = xp.length;
  const j = interpIndex(x, xp);
  if (j === -1) return fp[0] ?? 0;
  if (j >= n - 1) return fp[n - 1] ?? 0;
  const [x0, x1, f0, f1] = [xp[j] ?? 0, xp[j + 1] ?? 0, fp[j] ?? 0, fp[j + 1] ?? 0];
  return x0 === x ? f0 : ((f1 - f0) / (x1 - x0)) * (x - x0) + f0;
}

/**
 * APGR and CPT as `evaluate.py` of RouteLLM computes them (Ong et al., 2024): the edges of ten quantile bins of the
 * preference are the thresholds, each gives a share of strong calls and a mean score (≥, at the last edge >); the area
 * under mean score over share, scaled between the two models, is APGR; CPT interpolates the share at a score. One thing
 * differs: where edges coincide, RouteLLM stops with an error; here they count once. Null when all queries look alike or
 * the strong model is not better. `weights` counts queries, in the duel's order. O(n).
 */
export function routeLlm({ preference, strong, weak }: Duel, weights?: Float64Array): RouteLlm | null {
  const n = preference.length;
  const counts = weights ?? new Float64Array(n).fill(1);
  let total = 0;
  let strongSum = 0;
  let weakSum = 0;
  for (let i = 0; i < n; i++) {
    const w = counts[i] ?? 0;
    total += w;
    strongSum += w * (strong[i] ?? 0);
    weakSum += w * (weak[i] ?? 0);
  }
  const [best, worst] = [strongSum / total, weakSum / total];
  const edges = binEdges(preference, counts, total);
  if (edges.length < 3 || !(best > worst)) return null;
  // From the highest edge down, so that each query changes sides once; shares come out ascending.
  const shares: number[] = [];
  const scores: number[] = [];
  let next = n - 1;
  let calls = 0;
  let sum = weakSum;
  for (let e = edges.length - 1; e >= 0; e--) {
    const edge = edges[e] ?? 0;
    const last = e === edges.length - 1;
    while (next >= 0 && (last ? (preference[next] ?? 0) > edge : (preference[next] ?? 0) >= edge)) {
      const w = counts[next] ?? 0;
      calls += w;
      sum += w * ((strong[next] ?? 0) - (weak[next] ?? 0));
      next--;
    }
    shares.push((100 * calls) / total);
    scores.push(sum / total);
  }
  let area = 0;
  let width = 0;
  for (let i = 1; i < shares.length; i++) {
    const dx = ((shares[i] ?? 0) - (shares[i - 1] ?? 0)) / 100;
    area += (dx * ((scores[i] ?? 0) + (scores[i - 1] ?? 0))) / 2;
    width += dx;
  }
  const cpt = (share: number): number => interpolate(share * (best - worst) + worst, scores, shares);
  return { apgr: (area - worst * width) / ((best - worst) * width), cpt50: cpt(0.5), cpt80: cpt(0.8) };
}
