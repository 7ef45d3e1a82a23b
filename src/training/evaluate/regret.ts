import type { TrainingSet } from '../../routers/training-set.ts';
import type { Judged, TrainedSingles } from './judge.ts';
import type { Outcomes } from './outcomes.ts';
import type { Regret } from './report.ts';

const SHOWN = 20;
const TEXT = 240;

/** White space folded, cut to what a table can show. */
function excerpt(text: string): string {
  const folded = text
    .slice(0, 4 * TEXT)
    .replaceAll(/\s+/g, ' ')
    .trim();
  return folded.length > TEXT ? `${folded.slice(0, TEXT - 1)}…` : folded;
}

/**
 * The queries on which `balanced` (without costs the best prediction) lost most against the query's best model; among equal
 * losses those where it was surest come first: they say what the features do not see.
 */
export function regretsOf(set: TrainingSet, outcomes: Outcomes, judged: Judged, singles: TrainedSingles): Regret[] {
  const { models, scores, costs } = outcomes;
  const { forecast, strategies } = judged;
  const m = models.length;
  const chosen = strategies.balanced ?? strategies['quality-first'];
  if (forecast === null || chosen === null) return [];
  const found: Regret[] = [];
  for (const [i, j] of chosen.column.entries()) {
    let best = singles.best[i] ?? 0;
    for (let k = 0; k < m; k++) {
      const better = (scores[i * m + k] ?? 0) - (scores[i * m + best] ?? 0);
      const cheaper = (costs?.[i * m + k] ?? 0) - (costs?.[i * m + best] ?? 0);
      if (better > 0 || (better === 0 && cheaper < 0)) best = k;
    }
    const row = outcomes.rows[i] ?? 0;
    const [score, bestScore] = [scores[i * m + j] ?? 0, scores[i * m + best] ?? 0];
    if (bestScore <= score) continue;
    found.push({
      id: set.ids[row] ?? '',
      label: outcomes.labels[i] ?? '',
      text: excerpt(set.features[row]?.query.text ?? ''),
      chosen: models[j] ?? '',
      predicted: forecast.quality[i * m + j] ?? 0,
      score,
      bestModel: models[best] ?? '',
      bestScore,
      bestPredicted: forecast.quality[i * m + best] ?? 0,
    });
  }
  const loss = (regret: Regret): number => regret.bestScore - regret.score;
  found.sort((a, b) => loss(b) - loss(a) || b.predicted - a.predicted || (a.id < b.id ? -1 : 1));
  return found.slice(0, SHOWN);
}
