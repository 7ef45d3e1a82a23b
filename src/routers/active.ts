import type { Model } from '../catalog/model.ts';
import type { VectorSpace } from '../query/embedder.ts';
import type { OutOfFoldSample } from './artifact.ts';
import { columnFinder } from './columns.ts';
import type { FeatureName, Features, Router } from './router.ts';

/** A trained router in use, with what came in its artifact. */
export interface ActiveArtifact {
  /** `<router>@<version>`, as decisions record it. */
  readonly name: string;
  readonly version: string;
  /** Predicts calibrated, where the artifact holds a calibration. */
  readonly router: Router;
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
