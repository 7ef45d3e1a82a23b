import type { Router } from './router.ts';
import type { FitOptions, TrainingSet } from './training-set.ts';

/** An array that an artifact holds. */
export type Tensor = Float32Array | Float64Array | Int32Array | Uint16Array | Uint8Array;

/** JSON that an artifact holds. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

/** Everything that a trained router is: plain JSON, typed arrays, and the routers it is made of. */
export interface RouterState {
  /** The router's name in the registry. */
  readonly router: string;
  readonly meta: { readonly [name: string]: Json };
  readonly tensors: { readonly [name: string]: Tensor };
  readonly children?: { readonly [name: string]: RouterState };
}

/** A router that has learnt. */
export interface TrainedRouter extends Router {
  /** The models it has learnt about, by their names in the training set. */
  readonly models: readonly string[];
  /**
   * n × m predictions for the training rows, each by a router that had not seen that row's group; only when the fit made
   * them anyway. Not saved.
   */
  readonly outOfFold?: Float64Array;
  save(): RouterState;
}

/** A router that learns: pure, so that the same rows and seed give the same bits. */
export interface Trainable<R extends TrainedRouter = TrainedRouter> {
  readonly name: string;
  /** A feature without which it learns nothing but means. */
  readonly learnsFrom?: 'embedding';
  fit(rows: TrainingSet, options: FitOptions): R;
  /**
   * The router that {@link TrainedRouter.save} described; its predictions are the same to the bit.
   * @throws `artifact_invalid` when something is missing or has the wrong shape.
   */
  load(state: RouterState): R;
}
