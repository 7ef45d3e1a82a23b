import { namedModel } from '../../catalog/model.ts';
import { readState } from '../state-reader.ts';
import type { RouterState, Trainable, TrainedRouter } from '../trained.ts';
import { columnMeans } from '../training-set.ts';
import type { FittedPart, Part } from './part.ts';

/** Multiply-adds that a router of another kind is taken to need: about what the bars of decision time allow. */
const WORK = 100_000;

function fitted(router: TrainedRouter, models: readonly string[], means: Float64Array): FittedPart {
  const asked = models.map(namedModel);
  return {
    name: router.name,
    work: WORK,
    predict({ features }) {
      const told = router.predict(features, asked);
      return {
        values: Float64Array.from(told, ({ quality }, c) => quality - (means[c] ?? 0)),
        stderr: Float64Array.from(told, ({ stderr }) => stderr),
      };
    },
    explain: ({ features }, columns) =>
      router.explain(
        features,
        columns.map((column) => namedModel(models[column] ?? '')),
      ),
    save: () => ({ meta: { models }, tensors: { means }, children: { router: router.save() } }),
  };
}

/** A whole router as a part: what it says beyond the models' means. */
export function asPart(trainable: Trainable): Part {
  return {
    name: trainable.name,
    wants: [],
    fit({ set, options }) {
      return fitted(trainable.fit(set, options), set.models, columnMeans(set.scores, set.models.length));
    },
    load(state: RouterState) {
      const reader = readState(state, trainable.name);
      const models = reader.names('models');
      return fitted(trainable.load(reader.child('router')), models, reader.float64('means', models.length));
    },
  };
}
