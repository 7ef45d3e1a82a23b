import type { CurvePoints } from '../../decide/curve.ts';
import type { Outcomes } from './outcomes.ts';

/** Mean score and cost of always calling one model, for each of the m models; cost 0 where the set has none. */
export function singlesOf(
  { models, scores, costs }: Pick<Outcomes, 'models' | 'scores' | 'costs'>,
  weights?: Float64Array,
): CurvePoints {
  const m = models.length;
  const quality = new Float64Array(m);
  const cost = new Float64Array(m);
  let total = 0;
  for (let i = 0; i * m < scores.length; i++) {
    const weight = weights === undefined ? 1 : (weights[i] ?? 0);
    total += weight;
    for (let j = 0; j < m; j++) {
      quality[j] = (quality[j] ?? 0) + weight * (scores[i * m + j] ?? 0);
      cost[j] = (cost[j] ?? 0) + weight * (costs?.[i * m + j] ?? 0);
    }
  }
  for (let j = 0; j < m; j++) {
    quality[j] = (quality[j] ?? 0) / total;
    cost[j] = (cost[j] ?? 0) / total;
  }
  return { quality, cost };
}

/** Column of the highest quality; ties: the cheaper, then the first. */
export function bestOf({ quality, cost }: CurvePoints): number {
  let best = 0;
  for (let j = 1; j < quality.length; j++) {
    const better = (quality[j] ?? 0) - (quality[best] ?? 0);
    if (better > 0 || (better === 0 && (cost[j] ?? 0) < (cost[best] ?? 0))) best = j;
  }
  return best;
}

/** Column of the lowest cost; ties: the better, then the first. */
export function cheapestOf({ quality, cost }: CurvePoints): number {
  let least = 0;
  for (let j = 1; j < cost.length; j++) {
    const cheaper = (cost[j] ?? 0) - (cost[least] ?? 0);
    if (cheaper < 0 || (cheaper === 0 && (quality[j] ?? 0) > (quality[least] ?? 0))) least = j;
  }
  return least;
}
