import { percent } from '../decide/words.ts';
import type { Calibration } from './calibration.ts';
import { columnFinder } from './columns.ts';
import type { Router } from './router.ts';
import type { TrainedRouter } from './trained.ts';

/**
 * A router whose predictions are read through its calibration. What was only declared of a model that it has not learnt
 * about stays as declared.
 */
export function calibratedRouter(router: TrainedRouter, calibration: Calibration): Router {
  const { name, needs } = router;
  const find = columnFinder(router.models);
  return {
    name,
    needs,
    predict: (features, models) =>
      router.predict(features, models).map((prediction, i) => {
        const model = models[i];
        return model === undefined || find(model) === -1 ? prediction : calibration.apply(prediction);
      }),
    explain(features, models) {
      const lines = router.explain(features, models);
      const known = models.filter((model) => find(model) !== -1);
      const qualities = router.predict(features, known).map(({ quality }) => quality);
      const highest = Math.max(...qualities);
      const top = known[qualities.indexOf(highest)];
      if (top === undefined) return lines;
      const counts = `${percent(highest)} for ${top.id} counts as ${percent(calibration.qualityOf(highest))}`;
      return [...lines, `calibrated (${calibration.kind}) on queries that it had not learnt from: ${counts}`];
    },
  };
}
