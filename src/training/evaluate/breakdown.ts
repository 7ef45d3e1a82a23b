import type { Judged } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import type { BenchmarkReport, SetReport, SingleReport } from './report.ts';
import { bestOf, singlesOf } from './singles.ts';

/** Positions of the queries of each label, labels in order of name; empty where all queries have the same one. */
function byLabel({ labels }: Outcomes): (readonly [label: string, at: number[]])[] {
  const found = new Map<string, number[]>();
  for (const [i, label] of labels.entries()) {
    const list = found.get(label);
    if (list === undefined) found.set(label, [i]);
    else list.push(i);
  }
  if (found.size < 2) return [];
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function meanAt(values: Float64Array, at: readonly number[]): number {
  return at.reduce((sum, i) => sum + (values[i] ?? 0), 0) / at.length;
}

/** One contender on each benchmark. */
export function benchmarkReports(outcomes: Outcomes, judged: Judged, hasPick: boolean): BenchmarkReport[] {
  const { balanced } = judged.strategies;
  return byLabel(outcomes).map(([name, at]) => ({
    name: name === '' ? '(none)' : name,
    rows: at.length,
    quality: hasPick ? meanAt(judged.best, at) : null,
    balanced: balanced === null ? null : { quality: meanAt(balanced.score, at), cost: meanAt(balanced.cost, at) },
  }));
}

/** The single models on each benchmark; `best` is the column of the best one over all. */
export function benchmarksOf(
  outcomes: Outcomes,
  best: number,
  single: (column: number) => SingleReport,
): SetReport['benchmarks'] {
  const { scores, costs, models } = outcomes;
  const m = models.length;
  return byLabel(outcomes).map(([name, at]) => {
    const take = (table: Float64Array): Float64Array =>
      Float64Array.from(at.flatMap((i) => [...table.subarray(i * m, i * m + m)]));
    const own = take(scores);
    const singles = singlesOf({ models, scores: own, costs: costs === null ? null : take(costs) });
    const top = bestOf(singles);
    let oracle = 0;
    for (let i = 0; i < own.length; i += m) oracle += own.subarray(i, i + m).reduce((high, s) => Math.max(high, s), 0);
    return {
      name: name === '' ? '(none)' : name,
      rows: at.length,
      bestSingle: singles.quality[best] ?? 0,
      best: {
        ...single(top),
        quality: singles.quality[top] ?? 0,
        cost: costs === null ? null : (singles.cost[top] ?? 0),
      },
      oracle: oracle / at.length,
    };
  });
}
