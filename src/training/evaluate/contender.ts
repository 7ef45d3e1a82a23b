import { namedModel } from '../../catalog/model.ts';
import type { Forecast } from '../../decide/sweep.ts';
import { computeFeatures } from '../../query/features.ts';
import { fitCost, type CostModel } from '../../routers/cost.ts';
import type { Features } from '../../routers/router.ts';
import type { Trainable } from '../../routers/trained.ts';
import type { FitOptions, TrainingSet } from '../../routers/training-set.ts';
import { calibratedTable, costTable, pickColumns, predictAll } from './tables.ts';
import { calibrateFit, unseenPredictions, type CalibratedFit } from './unseen.ts';

/** What a fit is told beside its rows. */
export interface FitContext extends FitOptions {
  /** The models that are judged, in order: columns of every forecast. */
  readonly models: readonly string[];
  /** Expected costs learnt from the same rows; null where the set has none. One for all, so that routers differ in quality only. */
  readonly cost: CostModel | null;
}

/** A forecast, and its qualities as they were before they were calibrated; absent where nothing calibrates them. */
export interface FittedForecast extends Forecast {
  readonly uncalibrated?: Float64Array;
}

/** Something that has learnt and can be judged. */
export interface Fitted {
  /** Predictions for queries it has not seen. */
  forecast(features: readonly Features[]): FittedForecast;
  /** Predictions for its own training rows, each by a fit that had not seen that row's group. */
  outOfFold(): Forecast;
  /** All that one live decision computes, features included but for the vector; absent where nothing is computed. */
  readonly decide?: (features: Pick<Features, 'query' | 'embedding'>) => void;
}

/** Something that is judged: a router, or a control that exposes one which learns nothing. */
export interface Contender {
  readonly name: string;
  readonly control: boolean;
  fit(train: TrainingSet, context: FitContext): Fitted;
}

/** A router that learns, calibrated as in an artifact, with costs from the shared cost model. */
export function contenderOf(trainable: Trainable): Contender {
  return {
    name: trainable.name,
    control: false,
    fit(train, context) {
      const { models, cost, seed, progress, cancelled } = context;
      const options: FitOptions = {
        seed,
        ...(progress === undefined ? {} : { progress }),
        ...(cancelled === undefined ? {} : { cancelled }),
      };
      const router = trainable.fit(train, options);
      const candidates = models.map(namedModel);
      const needs = [...new Set([...router.needs, ...(cost === null ? [] : (['structure'] as const))])];
      let made: CalibratedFit | undefined;
      // Once, and not within the time of the fit: it may take fits inside the training rows.
      const calibrated = (): CalibratedFit =>
        (made ??= calibrateFit(router, unseenPredictions(router, trainable, train, options), train, options));
      return {
        forecast(features) {
          const raw = predictAll(router, features, models);
          return {
            ...calibratedTable(raw, calibrated().calibration),
            cost: costTable(cost, features, models),
            uncalibrated: raw.quality,
          };
        },
        outOfFold() {
          const quality = pickColumns(calibrated().unseen, train.models, models);
          return { quality, stderr: new Float64Array(quality.length), cost: costTable(cost, train.features, models) };
        },
        decide({ query, embedding }) {
          const features = computeFeatures(query, needs, embedding);
          calibrated().router.predict(features, candidates);
          cost?.costs(features);
        },
      };
    },
  };
}

/** The cost model of a training set; null where no cost is recorded. */
export function costOf(train: TrainingSet, options: FitOptions): CostModel | null {
  return train.costs.some((cost) => Number.isFinite(cost)) ? fitCost(train, options) : null;
}
