import type { TrainingSet } from '../../routers/training-set.ts';
import type { Evaluation } from './evaluate.ts';
import { STRATEGIES } from './strategies.ts';

const short = (value: number): number => Number(value.toPrecision(6));

/**
 * One JSON line per judged query: set, id, fold, and for every router that predicts the chosen model by strategy, and each
 * model's expected quality and cost.
 */
export function* predictionLines(set: TrainingSet, { report, outcomes, judged, split }: Evaluation): Generator<string> {
  const { models } = outcomes;
  const m = models.length;
  for (const [i, row] of outcomes.rows.entries()) {
    const routers: Record<string, object> = {};
    for (const { name, forecast, strategies } of judged) {
      if (forecast === null) continue;
      const chosen = STRATEGIES.flatMap((strategy) => {
        const column = strategies[strategy]?.column[i];
        return column === undefined ? [] : [[strategy, models[column] ?? null] as const];
      });
      const table = (values: Float64Array): Record<string, number> =>
        Object.fromEntries(models.map((model, j) => [model, short(values[i * m + j] ?? 0)]));
      routers[name] = {
        chosen: Object.fromEntries(chosen),
        quality: table(forecast.quality),
        ...(forecast.cost === null ? {} : { cost: table(forecast.cost) }),
      };
    }
    yield `${JSON.stringify({ set: report.name, id: set.ids[row] ?? '', fold: split[i] ?? 0, routers })}\n`;
  }
}
