/** Who won against whom on each of R queries, between T tiers of models. */
export interface Battles {
  readonly rows: number;
  readonly tiers: number;
  /** R × T wins against models of other tiers, a draw counting half. */
  readonly wins: Float32Array;
  /** Which of the patterns of `games` each query has. */
  readonly pattern: Int32Array;
  /** P × T × T numbers of games, symmetric, one table for each set of models that a query has scores of. */
  readonly games: Float32Array;
}

/**
 * Splits strengths into at most `count` tiers with the least variance within (Fisher, 1958; by dynamic programming, as
 * RouteLLM does). Equal strengths share a tier; tiers count from the weakest.
 */
export function tiersOf(theta: Float64Array, count: number): Int32Array {
  const order = Array.from(theta.keys()).sort((a, b) => (theta[a] ?? 0) - (theta[b] ?? 0) || a - b);
  const m = order.length;
  const at = (i: number): number => theta[order[i] ?? 0] ?? 0;
  const k = Math.min(count, m);
  // cost[t][j] = least within-tier sum of squares of the j weakest in t tiers; cut[t][j] = where the last tier begins.
  const cost = Array.from({ length: k + 1 }, () => new Float64Array(m + 1).fill(Number.POSITIVE_INFINITY));
  const cut = Array.from({ length: k + 1 }, () => new Int32Array(m + 1));
  (cost[0] ?? [])[0] = 0;
  for (let t = 1; t <= k; t++) {
    const [before, now, from] = [cost[t - 1], cost[t], cut[t]];
    if (before === undefined || now === undefined || from === undefined) break;
    for (let j = t; j <= m; j++) {
      let [n, mean, square] = [0, 0, 0];
      for (let i = j - 1; i >= t - 1; i--) {
        n++;
        const delta = at(i) - mean;
        mean += delta / n;
        square += delta * (at(i) - mean);
        const total = (before[i] ?? Number.POSITIVE_INFINITY) + square;
        if (total < (now[j] ?? 0)) {
          now[j] = total;
          from[j] = i;
        }
      }
    }
  }
  const tiers = new Int32Array(m);
  for (let t = k, end = m; t > 0; t--) {
    const start = cut[t]?.[end] ?? 0;
    for (let i = start; i < end; i++) tiers[order[i] ?? 0] = t - 1;
    end = start;
  }
  return tiers;
}

/** Counts wins and games of each of n rows of m scores between tiers. */
export function battlesOf(scores: Float64Array, rows: number, tierOf: Int32Array): Battles {
  const m = tierOf.length;
  const tiers = tierOf.reduce((most, tier) => Math.max(most, tier + 1), 0);
  const wins = new Float32Array(rows * tiers);
  const pattern = new Int32Array(rows);
  const patterns = new Map<string, number>();
  const games: number[] = [];
  for (let row = 0; row < rows; row++) {
    const present: number[] = [];
    for (let c = 0; c < m; c++) if (!Number.isNaN(scores[row * m + c] ?? Number.NaN)) present.push(c);
    const key = present.join();
    const known = patterns.get(key);
    const of = known ?? patterns.size;
    pattern[row] = of;
    const table = of * tiers * tiers;
    if (known === undefined) {
      patterns.set(key, of);
      for (let i = 0; i < tiers * tiers; i++) games.push(0);
    }
    for (const i of present) {
      const own = tierOf[i] ?? 0;
      const score = scores[row * m + i] ?? 0;
      for (const j of present) {
        const other = tierOf[j] ?? 0;
        if (own === other) continue;
        const against = scores[row * m + j] ?? 0;
        if (known === undefined) games[table + own * tiers + other] = (games[table + own * tiers + other] ?? 0) + 1;
        const at = row * tiers + own;
        wins[at] = (wins[at] ?? 0) + (score > against ? 1 : score < against ? 0 : 0.5);
      }
    }
  }
  return { rows, tiers, wins, pattern, games: Float32Array.from(games) };
}

/** Wins of each tier and games of each pair when row i counts `weights[i]` times. Linear in R × T. */
export function weighBattles({ rows, tiers, wins, pattern, games }: Battles, weights: Float64Array) {
  const sum = new Float64Array(tiers);
  const shares = new Float64Array(games.length / Math.max(1, tiers * tiers));
  for (let i = 0; i < rows; i++) {
    const weight = weights[i] ?? 0;
    if (weight === 0) continue;
    const of = pattern[i] ?? 0;
    shares[of] = (shares[of] ?? 0) + weight;
    const from = i * tiers;
    for (let t = 0; t < tiers; t++) sum[t] = (sum[t] ?? 0) + weight * (wins[from + t] ?? 0);
  }
  const met = new Float64Array(tiers * tiers);
  for (const [of, share] of shares.entries()) {
    for (let i = 0; i < met.length; i++) met[i] = (met[i] ?? 0) + share * (games[of * met.length + i] ?? 0);
  }
  return { wins: sum, games: met };
}
