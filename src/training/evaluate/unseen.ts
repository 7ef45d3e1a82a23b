import { calibratedRouter } from '../../routers/calibrated.ts';
import { fitCalibration, type Calibration } from '../../routers/calibration.ts';
import { foldsOf, rowsOfFold } from '../../routers/numeric/folds.ts';
import type { Router } from '../../routers/router.ts';
import type { Trainable, TrainedRouter } from '../../routers/trained.ts';
import { takeRows, type FitOptions, type TrainingSet } from '../../routers/training-set.ts';
import { pickColumns, predictAll } from './tables.ts';

/** Folds inside a training fold, for the predictions from which λ and the calibration are learnt. */
export const INNER_FOLDS = 5;

/**
 * Predicted qualities (n × m, columns as in the set) of training rows, each by a fit on the other folds. Grouped by query;
 * used where a fit does not bring its own out-of-fold predictions.
 */
export function outOfFold(trainable: Trainable, set: TrainingSet, k: number, options: FitOptions): Float64Array {
  const m = set.models.length;
  const folds = foldsOf(set.groups, k, options.seed);
  const out = new Float64Array(set.scores.length);
  for (let fold = 0; fold < k; fold++) {
    const { inside, outside } = rowsOfFold(folds, fold);
    if (inside.length === 0) continue;
    const router = trainable.fit(takeRows(set, outside), { ...options, progress: () => {} });
    const { quality } = predictAll(router, takeRows(set, inside).features, set.models);
    for (const [i, row] of inside.entries()) out.set(quality.subarray(i * m, (i + 1) * m), row * m);
    options.progress?.((fold + 1) / k);
  }
  return out;
}

/**
 * The same by the fit's own out-of-fold predictions where it made them anyway, else by {@link INNER_FOLDS} folds. Within
 * 0..1, as routers predict.
 */
export function unseenPredictions(
  router: TrainedRouter,
  trainable: Trainable,
  set: TrainingSet,
  options: FitOptions,
): Float64Array {
  const table =
    router.outOfFold === undefined
      ? outOfFold(trainable, set, INNER_FOLDS, options)
      : pickColumns(router.outOfFold, router.models, set.models);
  return table.map((quality) => Math.min(1, Math.max(0, quality)));
}

/** A fit that is calibrated on rows it had not seen. */
export interface CalibratedFit {
  readonly calibration: Calibration;
  /** Predicts calibrated. */
  readonly router: Router;
  /** The unseen predictions, calibrated: n × m. */
  readonly unseen: Float64Array;
}

/** Calibrates a fit by its {@link unseenPredictions}, which were computed for λ in any case. */
export function calibrateFit(
  router: TrainedRouter,
  unseen: Float64Array,
  set: TrainingSet,
  { seed }: Pick<FitOptions, 'seed'>,
): CalibratedFit {
  const calibration = fitCalibration(unseen, set.scores, set.groups, { seed });
  return {
    calibration,
    router: calibratedRouter(router, calibration),
    unseen: unseen.map((quality) => (Number.isNaN(quality) ? quality : calibration.qualityOf(quality))),
  };
}
