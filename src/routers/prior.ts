import type { Model } from '../catalog/model.ts';
import type { Prediction, Router } from './router.ts';

/** Standard error of a declared quality: people round. */
export const DECLARED_STDERR = 0.05;
/** An undeclared model is anything: the middle, with a wide error. */
export const UNDECLARED: Prediction = { quality: 0.5, stderr: 0.25 };

/** What is known of a model before any query: its declared mean quality. */
export function priorOf(model: Model): Prediction {
  return model.quality === undefined ? UNDECLARED : { quality: model.quality, stderr: DECLARED_STDERR };
}

/**
 * Each model's declared mean quality, whatever the query: it picks one model per strategy and candidate set. What runs
 * before anything is learned.
 */
export const prior: Router = {
  name: 'prior',
  needs: [],
  predict: (_features, models) => models.map(priorOf),
  explain: (_features, models) =>
    models.map((model) =>
      model.quality === undefined
        ? `${model.id}: quality unknown, taken as 50 % ± 25`
        : `${model.id}: declared quality ${Number((model.quality * 100).toFixed(1))} %`,
    ),
};
