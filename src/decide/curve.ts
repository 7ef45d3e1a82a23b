/**
 * How a router's choices move over p settings of its trade-off, per query: the score and cost at the first setting and
 * every change after it. Few choices change, so means under any weights of the queries take O(n + changes), which is what
 * lets a bootstrap recompute the whole curve a thousand times.
 */
export interface Curve {
  readonly points: number;
  /** n: score at the first setting. */
  readonly score: Float64Array;
  /** n: cost in USD at the first setting. */
  readonly cost: Float64Array;
  /** Changes, in any order: at this setting this query's score and cost step by so much, for all settings from there on. */
  readonly at: Int32Array;
  readonly row: Int32Array;
  readonly scoreStep: Float64Array;
  readonly costStep: Float64Array;
}

/** Mean score and cost at every setting. */
export interface CurvePoints {
  readonly quality: Float64Array;
  readonly cost: Float64Array;
}

/** A curve of one point: the same choice at every setting. */
export function fixedCurve(score: Float64Array, cost: Float64Array): Curve {
  return curveOf([score], [cost]);
}

/** A curve from each setting's scores and costs. */
export function curveOf(scores: readonly Float64Array[], costs: readonly Float64Array[]): Curve {
  const at: number[] = [];
  const row: number[] = [];
  const scoreStep: number[] = [];
  const costStep: number[] = [];
  for (let p = 1; p < scores.length; p++) {
    const [s, before, c, costBefore] = [scores[p], scores[p - 1], costs[p], costs[p - 1]];
    if (s === undefined || before === undefined || c === undefined || costBefore === undefined) break;
    for (let i = 0; i < s.length; i++) {
      const ds = (s[i] ?? 0) - (before[i] ?? 0);
      const dc = (c[i] ?? 0) - (costBefore[i] ?? 0);
      if (ds === 0 && dc === 0) continue;
      at.push(p);
      row.push(i);
      scoreStep.push(ds);
      costStep.push(dc);
    }
  }
  return {
    points: scores.length,
    score: scores[0] ?? new Float64Array(0),
    cost: costs[0] ?? new Float64Array(0),
    at: Int32Array.from(at),
    row: Int32Array.from(row),
    scoreStep: Float64Array.from(scoreStep),
    costStep: Float64Array.from(costStep),
  };
}

/** Means over the queries, each counted `weights[row]` times; all once when there are none. Written into `out` when given. */
export function meansOf(curve: Curve, weights?: Float64Array, out?: CurvePoints): CurvePoints {
  const { points, score, cost, at, row, scoreStep, costStep } = curve;
  const quality = out?.quality.fill(0) ?? new Float64Array(points);
  const dollars = out?.cost.fill(0) ?? new Float64Array(points);
  let q = 0;
  let c = 0;
  let total = 0;
  for (let i = 0; i < score.length; i++) {
    const weight = weights === undefined ? 1 : (weights[i] ?? 0);
    q += weight * (score[i] ?? 0);
    c += weight * (cost[i] ?? 0);
    total += weight;
  }
  for (let e = 0; e < at.length; e++) {
    const weight = weights === undefined ? 1 : (weights[row[e] ?? 0] ?? 0);
    if (weight === 0) continue;
    const p = at[e] ?? 0;
    quality[p] = (quality[p] ?? 0) + weight * (scoreStep[e] ?? 0);
    dollars[p] = (dollars[p] ?? 0) + weight * (costStep[e] ?? 0);
  }
  for (let p = 0; p < points; p++) {
    q += quality[p] ?? 0;
    c += dollars[p] ?? 0;
    quality[p] = q / total;
    dollars[p] = c / total;
  }
  return { quality, cost: dollars };
}
