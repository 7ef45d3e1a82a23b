import { foldsOf, rowsOfFold } from './numeric/folds.ts';
import { fitParts, predictParts, within, type FittedParts } from './ensemble.ts';
import type { Part } from './parts/part.ts';
import type { PartForecasts } from './recipes.ts';
import { takeRows, type FitOptions, type TrainingSet } from './training-set.ts';

/** Folds inside the training rows. */
export const INNER_FOLDS = 4;
/** Fewer rows than this are too few to split. */
export const LEAST_ROWS = 40;

/** What parts say about rows they had not seen. */
export interface OutOfFold extends PartForecasts {
  /** Fold of each row. */
  readonly folds: Int32Array;
  /** Multiply-adds of each part, about. */
  readonly work: readonly number[];
}

/**
 * Fits the parts on all folds but one and predicts that one, for each fold in turn, grouped by query. A part that any
 * fold cannot feed is left out.
 * @param each called with every fold's fit, for what else is to be learnt from the same rows
 */
export function outOfFoldParts(
  set: TrainingSet,
  parts: readonly Part[],
  options: FitOptions,
  each?: (seen: TrainingSet, unseen: Int32Array) => void,
): OutOfFold {
  const m = set.models.length;
  const folds = foldsOf(set.groups, INNER_FOLDS, options.seed);
  const means = new Float64Array(set.scores.length);
  const blocks = new Map<string, { readonly table: Float64Array; work: number; folds: number }>();
  let used = 0;
  for (let fold = 0; fold < INNER_FOLDS; fold++) {
    const { inside, outside } = rowsOfFold(folds, fold);
    if (inside.length === 0) continue;
    used++;
    const seen = takeRows(set, outside);
    const fitted: FittedParts = fitParts(seen, parts, within(options, fold / INNER_FOLDS, 1 / INNER_FOLDS));
    const told = predictParts(fitted, takeRows(set, inside).features);
    for (const row of inside) means.set(fitted.means, row * m);
    for (const [p, part] of fitted.parts.entries()) {
      const block = blocks.get(part.name) ?? { table: new Float64Array(set.scores.length), work: 0, folds: 0 };
      blocks.set(part.name, block);
      block.work = part.work;
      block.folds++;
      for (const [i, row] of inside.entries()) {
        block.table.set(told[p]?.subarray(i * m, (i + 1) * m) ?? [], row * m);
      }
    }
    each?.(seen, inside);
  }
  const whole = [...blocks].filter(([, block]) => block.folds === used);
  return {
    names: whole.map(([name]) => name),
    deviations: whole.map(([, block]) => block.table),
    work: whole.map(([, block]) => block.work),
    means,
    folds,
  };
}
