import { bandFloor } from '../../decide/band.ts';
import { lambdaFor, type LambdaSample } from '../../decide/lambda.ts';
import { KEEPS } from '../../decide/strategy.ts';
import { chooseAt, type Forecast } from '../../decide/sweep.ts';

/** Strategies as a user names them, and the share of the best single model's quality that they keep. */
export const STRATEGIES = ['quality-first', 'balanced', 'cost-first'] as const;
export type StrategyName = (typeof STRATEGIES)[number];

/** Chosen column per query; null where a strategy needs costs and there are none. */
export type StrategyChoices = Readonly<Record<StrategyName, Int32Array | null>>;

/** The cheapest prediction within one standard error of the difference to the best one; ties: the first name. */
export function chooseQualityFirst({ quality, stderr, cost }: Forecast, offset: number, m: number): number {
  const at = (j: number) => ({ quality: quality[offset + j] ?? 0, stderr: stderr[offset + j] ?? 0 });
  const priceOf = (j: number): number => cost?.[offset + j] ?? 0;
  const columns = Array.from({ length: m }, (_, j) => j);
  let top = 0;
  for (const j of columns) {
    const [better, cheaper] = [at(j).quality - at(top).quality, priceOf(j) - priceOf(top)];
    if (better > 0 || (better === 0 && cheaper < 0)) top = j;
  }
  // Without costs nothing can be cheaper: the best prediction it is.
  if (cost === null) return top;
  const floor = bandFloor(at(top), columns.map(at));
  let chosen = top;
  for (const j of columns) {
    if (at(j).quality < floor) continue;
    const cheaper = priceOf(j) - priceOf(chosen);
    if (cheaper < 0 || (cheaper === 0 && j < chosen)) chosen = j;
  }
  return chosen;
}

/**
 * What each strategy chooses on test rows as a user gets it: λ is the largest that keeps the share of the reference's mean
 * quality on the router's out-of-fold predictions of its *training* rows. Where no λ keeps it, or no training row has
 * everything recorded, the reference itself is called: it keeps what it promises at its own price.
 */
export function chooseByStrategies(test: Forecast, sample: LambdaSample, reference: string): StrategyChoices {
  const m = sample.models.length;
  const n = test.quality.length / m;
  const rows = (choice: (offset: number) => number): Int32Array =>
    Int32Array.from({ length: n }, (_, i) => choice(i * m));
  const keeping = (keep: number): Int32Array | null => {
    if (test.cost === null) return null;
    const found = lambdaFor(sample, sample.models, keep, reference);
    const fallback = sample.models.indexOf(reference);
    return rows((offset) => (found?.met === true ? chooseAt(test, offset, m, found.lambda) : fallback));
  };
  return {
    'quality-first': rows((offset) => chooseQualityFirst(test, offset, m)),
    balanced: keeping(KEEPS.balanced),
    'cost-first': keeping(KEEPS['cost-first']),
  };
}
