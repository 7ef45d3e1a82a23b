import type { Model } from '../catalog/model.ts';
import type { VectorSpace } from '../query/embedder.ts';
import type { Artifact, OutOfFoldSample } from './artifact.ts';
import { invalidArtifact } from './artifact/invalid.ts';
import { columnFinder } from './columns.ts';
import { loadCost } from './cost.ts';
import { TRAINABLES } from './registry.ts';
import type { FeatureName, Features } from './router.ts';
import type { TrainedRouter } from './trained.ts';

/** A trained router in use, with what came in its artifact. */
export interface ActiveArtifact {
  /** `<router>@<version>`, as decisions record it. */
  readonly name: string;
  readonly version: string;
  readonly router: TrainedRouter;
  /** What its router and its cost model need. */
  readonly needs: readonly FeatureName[];
  /** The models it has learnt about, by their names there. */
  readonly models: readonly string[];
  /** Queries it was trained on. */
  readonly rows: number;
  readonly sample?: OutOfFoldSample;
  readonly embedder?: VectorSpace;
  /** Output tokens to expect of each model, in their order; NaN = nothing learnt. Absent without a cost model. */
  readonly outputTokens?: (features: Features, models: readonly Model[]) => Float64Array;
}

function lengthsOf(artifact: Artifact): Pick<ActiveArtifact, 'outputTokens'> {
  if (artifact.costs === undefined) return {};
  const costs = loadCost(artifact.costs);
  const find = columnFinder(costs.models);
  return {
    outputTokens(features, models) {
      const tokens = costs.outputTokens(features);
      return Float64Array.from(models, (model) => tokens[find(model)] ?? Number.NaN);
    },
  };
}

/**
 * Makes a router of an artifact.
 * @throws `artifact_invalid` when its router is unknown here, or something of it is missing or has the wrong shape.
 */
export function activate(artifact: Artifact, version: string): ActiveArtifact {
  const name = artifact.router.router;
  const trainable = TRAINABLES.find((one) => one.name === name);
  if (trainable === undefined) {
    throw invalidArtifact(
      `this version knows no router "${name.slice(0, 80)}"; it knows ${TRAINABLES.map((one) => one.name).join(', ')}`,
    );
  }
  const router = trainable.load(artifact.router);
  const lengths = lengthsOf(artifact);
  const { models, trainedOn, sample, embedder } = artifact;
  return {
    name: `${name}@${version}`,
    version,
    router,
    needs: lengths.outputTokens === undefined ? router.needs : [...new Set([...router.needs, 'structure' as const])],
    models,
    rows: trainedOn.rows,
    ...(sample === undefined ? {} : { sample }),
    ...(embedder === undefined ? {} : { embedder }),
    ...lengths,
  };
}

/** The configured models that an artifact has learnt about, and the others. */
export function coverage(
  { models: names }: Pick<ActiveArtifact, 'models'>,
  models: readonly Model[],
): { readonly known: readonly Model[]; readonly unknown: readonly Model[] } {
  const find = columnFinder(names);
  return {
    known: models.filter((model) => find(model) !== -1),
    unknown: models.filter((model) => find(model) === -1),
  };
}
