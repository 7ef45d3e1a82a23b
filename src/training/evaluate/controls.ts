import { seededRandom, shuffledIndices } from '../../routers/numeric/random.ts';
import type { Features } from '../../routers/router.ts';
import { columnMeans, type TrainingSet } from '../../routers/training-set.ts';
import type { Contender, FitContext, Fitted } from './contender.ts';
import { fitCostLines, fitLines, onLines, textLengths } from './length-line.ts';
import { fitPrototype } from './prototype.ts';
import { costTable, pickColumns } from './tables.ts';
import type { Forecast } from '../../decide/sweep.ts';

/** A control from its predicted qualities, n × columns of the training set; costs as for the routers. */
function controlOf(
  train: TrainingSet,
  { models, cost }: FitContext,
  quality: (features: readonly Features[]) => Float64Array,
  own: () => Float64Array,
): Fitted {
  const forecastOf = (features: readonly Features[], table: Float64Array): Forecast => {
    const picked = pickColumns(table, train.models, models);
    return { quality: picked, stderr: new Float64Array(picked.length), cost: costTable(cost, features, models) };
  };
  return {
    forecast: (features) => forecastOf(features, quality(features)),
    outOfFold: () => forecastOf(train.features, own()),
  };
}

/** Each model's mean on the training rows, whatever the query: what remains is what the costs know. */
export const constant: Contender = {
  name: 'constant',
  control: true,
  fit(train, context) {
    const means = columnMeans(train.scores, train.models.length);
    const table = (features: readonly Features[]): Float64Array => {
      const out = new Float64Array(features.length * means.length);
      for (let i = 0; i < features.length; i++) out.set(means, i * means.length);
      return out;
    };
    return controlOf(train, context, table, () => table(train.features));
  },
};

/** Rows' worth of pull towards a flat line. */
const LENGTH_PENALTY = 10;

/** A line in log length per model: how far one looks without reading. */
export const length: Contender = {
  name: 'length',
  control: true,
  fit(train, context) {
    const logs = (features: readonly Features[]): Float64Array =>
      textLengths(features).map((chars) => Math.log1p(chars));
    const x = logs(train.features);
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length;
    const lines = fitLines(x, train.scores, train.models.length, LENGTH_PENALTY * variance);
    const table = (features: readonly Features[]): Float64Array => onLines(lines, logs(features));
    return controlOf(train, context, table, () => table(train.features));
  },
};

/** The prototype's ridge on rows whose scores were dealt to other queries: what a router gets for memorising noise. */
export const shuffled: Contender = {
  name: 'shuffled',
  control: true,
  fit(train, context) {
    const m = train.models.length;
    const order = shuffledIndices(train.ids.length, seededRandom(context.seed));
    const scores = new Float64Array(train.scores.length);
    for (const [to, from] of order.entries()) scores.set(train.scores.subarray(from * m, (from + 1) * m), to * m);
    const fitted = fitPrototype({ ...train, scores }, context, 'ridge');
    return controlOf(train, context, fitted.predict, () => fitted.outOfFold(2));
  },
};

/** The reference prototype with its own cost lines. */
export const prototype: Contender = {
  name: 'prototype',
  control: true,
  fit(train, { models, cost, ...options }) {
    const fitted = fitPrototype(train, options);
    const lines = cost === null ? null : fitCostLines(train);
    const forecastOf = (features: readonly Features[], table: Float64Array): Forecast => {
      const quality = pickColumns(table, train.models, models);
      return {
        quality,
        stderr: new Float64Array(quality.length),
        cost: lines === null ? null : pickColumns(lines(features), train.models, models),
      };
    };
    return {
      forecast: (features) => forecastOf(features, fitted.predict(features)),
      outOfFold: () => forecastOf(train.features, fitted.outOfFold(5)),
      decide({ query }) {
        // A copy, so that the n-grams are counted as they are for a new query.
        const features = [{ query: { ...query } }];
        forecastOf(features, fitted.predict(features));
      },
    };
  },
};

/** Controls that predict, in the order they are shown; those that only choose are in `fixed.ts`. */
export const PREDICTING_CONTROLS: readonly Contender[] = [constant, length, shuffled, prototype];
