import { hullOf, meanHeight } from '../decide/hull.ts';
import { meansOf } from '../decide/curve.ts';
import { sweep } from '../decide/sweep.ts';
import type { TrainingSet } from './training-set.ts';

/** Columns whose every score (and cost, where `costs`) is there in most rows, and the rows that have them all. */
function completeBlock(set: TrainingSet, costs: Float64Array | null, m: number) {
  const n = set.ids.length;
  const has = (at: number): boolean =>
    Number.isFinite(set.scores[at]) &&
    (costs === null || (Number.isFinite(costs[at]) && Number.isFinite(set.costs[at])));
  const columns = Array.from({ length: m }, (_, c) => c).filter((c) => {
    let count = 0;
    for (let row = 0; row < n; row++) if (has(row * m + c)) count++;
    return count > 0.8 * n;
  });
  const rows = Array.from({ length: n }, (_, row) => row).filter((row) => columns.every((c) => has(row * m + c)));
  const pick = (table: Float64Array): Float64Array =>
    Float64Array.from({ length: rows.length * columns.length }, (_, i) => {
      const row = rows[Math.floor(i / columns.length)] ?? 0;
      return table[row * m + (columns[i % columns.length] ?? 0)] ?? Number.NaN;
    });
  return { rows: rows.length, columns: columns.length, pick };
}

/** Mean over rows of each column. */
function columnMean(table: Float64Array, m: number, c: number): number {
  let sum = 0;
  for (let at = c; at < table.length; at += m) sum += table[at] ?? 0;
  return sum / Math.max(1, table.length / m);
}

/**
 * What predictions are worth on the rows they are for: the mean height of the cost–quality hull between the cheapest and
 * the best single model (`auc` of the evaluation), or, where costs are unknown or leave nothing to trade, the mean score
 * of the models predicted best. Rows and models that lack outcomes are left out.
 */
export function worthOf(quality: Float64Array, costs: Float64Array, set: TrainingSet, m: number): number {
  const priced = completeBlock(set, costs, m);
  if (priced.columns >= 2 && priced.rows > 0.5 * set.ids.length) {
    const [q, predicted, scores, paid] = [quality, costs, set.scores, set.costs].map(priced.pick);
    if (q !== undefined && predicted !== undefined && scores !== undefined && paid !== undefined) {
      const k = priced.columns;
      const singles = Array.from({ length: k }, (_, c) => ({
        quality: columnMean(scores, k, c),
        cost: columnMean(paid, k, c),
      }));
      const cheapest = singles.reduce((a, b) => (b.cost < a.cost ? b : a));
      const best = singles.reduce((a, b) => (b.quality > a.quality ? b : a));
      const { curve } = sweep({ quality: q, stderr: new Float64Array(q.length), cost: predicted }, scores, paid, k);
      const start = { quality: Float64Array.of(cheapest.quality), cost: Float64Array.of(cheapest.cost) };
      const height = meanHeight(hullOf([meansOf(curve), start]), cheapest.cost, best.cost);
      if (height !== null) return height;
    }
  }
  const plain = completeBlock(set, null, m);
  const [q, scores] = [quality, set.scores].map(plain.pick);
  if (q === undefined || scores === undefined || plain.rows === 0) return 0;
  const { curve } = sweep({ quality: q, stderr: new Float64Array(q.length), cost: null }, scores, null, plain.columns);
  return meansOf(curve).quality[0] ?? 0;
}
