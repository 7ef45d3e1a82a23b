import type { Model } from '../catalog/model.ts';
import { columnFinder, inNameOrder } from './columns.ts';
import type { FittedPart, Part, PartContext } from './parts/part.ts';
import { priorOf } from './prior.ts';
import type { Features, Prediction } from './router.ts';
import { fitSpace, loadSpace, pointOf, saveSpace, type Space } from './space.ts';
import { readState } from './state-reader.ts';
import type { Json, RouterState, Trainable, TrainedRouter } from './trained.ts';
import { checkpoint, columnMeans, type FitOptions, type TrainingSet } from './training-set.ts';
import { votesOn } from './votes.ts';

/** Parts fitted on the same rows, and what they share. */
export interface FittedParts {
  readonly models: readonly string[];
  /** Mean score of each model. */
  readonly means: Float64Array;
  /** Variance of each mean: that of the scores over how many there are. */
  readonly meanVariance: Float64Array;
  /** How many scores each model has. */
  readonly counts: Float64Array;
  readonly space: Space;
  readonly parts: readonly FittedPart[];
}

/** Progress of one piece of a longer fit: its share `size` of the whole begins at `from`. */
export function within(options: FitOptions, from: number, size: number): FitOptions {
  const { progress } = options;
  return progress === undefined ? options : { ...options, progress: (share) => progress(from + share * size) };
}

function scoreMoments(scores: Float64Array, m: number) {
  const means = columnMeans(scores, m);
  const counts = new Float64Array(m);
  const squares = new Float64Array(m);
  for (let i = 0; i < scores.length; i++) {
    const gap = (scores[i] ?? Number.NaN) - (means[i % m] ?? 0);
    if (Number.isNaN(gap)) continue;
    counts[i % m] = (counts[i % m] ?? 0) + 1;
    squares[i % m] = (squares[i % m] ?? 0) + gap * gap;
  }
  // One row of a quarter variance is added, so that a single score does not look certain.
  const meanVariance = squares.map(
    (square, c) => (square + 0.25) / ((counts[c] ?? 0) + 1) / Math.max(1, counts[c] ?? 0),
  );
  return { means, counts, meanVariance };
}

/** Fits parts on one set; those that the set cannot feed are left out. Columns must be in name order. */
export function fitParts(set: TrainingSet, parts: readonly Part[], options: FitOptions): FittedParts {
  const m = set.models.length;
  checkpoint(options, 0);
  const wants = [...new Set(parts.flatMap((part) => part.wants))];
  const { space, points } = fitSpace(set.features, { seed: options.seed, wants });
  const { means, counts, meanVariance } = scoreMoments(set.scores, m);
  const complete = !set.scores.some((score) => Number.isNaN(score));
  const context: Omit<PartContext, 'options'> = {
    set,
    space,
    points,
    deviations: set.scores.map((score, i) => (Number.isNaN(score) ? 0 : score - (means[i % m] ?? 0))),
    recorded: complete ? null : set.scores.map((score) => (Number.isNaN(score) ? 0 : 1)),
  };
  const fitted = parts.flatMap(
    (part, i) => part.fit({ ...context, options: within(options, i / parts.length, 1 / parts.length) }) ?? [],
  );
  return { models: set.models, means, counts, meanVariance, space, parts: fitted };
}

/** n × m deviations of every part for queries that it has not seen, by part; NaN in rows on which it abstains. */
export function predictParts({ space, parts, models }: FittedParts, features: readonly Features[]): Float64Array[] {
  const m = models.length;
  const out = parts.map(() => new Float64Array(features.length * m));
  for (const [i, each] of features.entries()) {
    const point = pointOf(space, each);
    for (const [p, part] of parts.entries()) {
      const told = part.predict(point);
      if (told === undefined) out[p]?.fill(Number.NaN, i * m, (i + 1) * m);
      else out[p]?.set(told.values, i * m);
    }
  }
  return out;
}

/** A weighted sum of parts around the models' means. */
export interface Ensemble {
  readonly fitted: FittedParts;
  /** One per part. */
  readonly weights: readonly number[];
  /** Weights for a query on which a part of `weights` abstains: {@link votesOn}. */
  readonly spare?: readonly number[];
  /** Told with the artifact: how the parts and weights were chosen. */
  readonly notes?: { readonly [name: string]: Json };
  readonly outOfFold?: Float64Array;
}

const clamp = (quality: number): number => Math.min(1, Math.max(0, quality));

/** A router that sums its parts. */
export function ensembleRouter(name: string, ensemble: Ensemble): TrainedRouter {
  const { fitted, weights, spare, notes = {}, outOfFold } = ensemble;
  const { models, means, counts, meanVariance, space, parts } = fitted;
  const find = columnFinder(models);
  const weighted = { parts, weights, spare };
  const predict = (features: Features, asked: readonly Model[]): Prediction[] => {
    const quality = means.slice();
    const stderr = new Float64Array(models.length);
    for (const { weight, told } of votesOn(weighted, pointOf(space, features))) {
      for (let c = 0; c < quality.length; c++) {
        quality[c] = (quality[c] ?? 0) + weight * (told.values[c] ?? 0);
        // Parts see the same rows: their errors are taken to go together.
        stderr[c] = (stderr[c] ?? 0) + weight * (told.stderr[c] ?? 0);
      }
    }
    return asked.map((model) => {
      const column = find(model);
      if ((counts[column] ?? 0) === 0) return priorOf(model);
      return {
        quality: clamp(quality[column] ?? 0),
        stderr: Math.sqrt((stderr[column] ?? 0) ** 2 + (meanVariance[column] ?? 0)),
      };
    });
  };
  return {
    name,
    models,
    needs: [
      ...new Set([
        'ngrams',
        'structure',
        ...parts.flatMap((part, p) => (weights[p] === 0 ? [] : (part.needs ?? []))),
      ] as const),
    ],
    ...(outOfFold === undefined ? {} : { outOfFold }),
    predict,
    explain(features, asked) {
      const point = pointOf(space, features);
      const columns = asked.map(find).filter((column) => column !== -1);
      const heard = new Set(votesOn(weighted, point).map(({ part }) => part));
      const lines = parts.flatMap((part, p) =>
        (weights[p] ?? 0) === 0 && !heard.has(part) ? [] : part.explain(point, columns, models).slice(0, 4),
      );
      const unknown = asked.filter((model) => find(model) === -1).map((model) => model.id);
      if (unknown.length > 0)
        lines.push(`nothing was learnt about ${unknown.join(', ')}: taken as declared, else as 50 %`);
      return lines.length > 0 ? lines : ['nothing in this query moves a model away from its mean'];
    },
    save: () => ({
      router: name,
      meta: {
        models,
        weights,
        ...(spare === undefined ? {} : { spare }),
        parts: parts.map((part) => part.name),
        notes,
      },
      tensors: { means, counts, meanVariance },
      children: {
        space: saveSpace(space),
        ...Object.fromEntries(parts.map((part) => [part.name, { router: part.name, ...part.save() }])),
      },
    }),
  };
}

/** Rebuilds what {@link ensembleRouter} saved; `known` are the parts there may be. */
export function loadEnsemble(state: RouterState, name: string, known: readonly Part[]): TrainedRouter {
  const reader = readState(state, name);
  const models = reader.names('models');
  const space = loadSpace(reader.child('space'));
  const parts = reader.names('parts').map((partName) => {
    const part = known.find((each) => each.name === partName);
    return part === undefined
      ? reader.refuse(`part "${partName}" is unknown`)
      : part.load(reader.child(partName), space);
  });
  return ensembleRouter(name, {
    weights: reader.numbers('weights'),
    ...(state.meta['spare'] === undefined ? {} : { spare: reader.numbers('spare') }),
    notes: reader.object('notes'),
    fitted: {
      models,
      means: reader.float64('means', models.length),
      counts: reader.float64('counts', models.length),
      meanVariance: reader.float64('meanVariance', models.length),
      space,
      parts,
    },
  });
}

/** Fits parts and gives all of them the same weight. Columns must be in name order. */
export function fitEqualParts(
  name: string,
  set: TrainingSet,
  parts: readonly Part[],
  options: FitOptions,
  notes?: Ensemble['notes'],
): TrainedRouter {
  const fitted = fitParts(set, parts, options);
  const weights = fitted.parts.map(() => 1 / Math.max(1, fitted.parts.length));
  return ensembleRouter(name, { fitted, weights, ...(notes === undefined ? {} : { notes }) });
}

/** A router of one or more parts, all of the same weight. */
export function ensembleOf(name: string, parts: readonly Part[]): Trainable {
  return {
    name,
    fit: (rows, options) => fitEqualParts(name, inNameOrder(rows), parts, options),
    load: (state) => loadEnsemble(state, name, parts),
  };
}
