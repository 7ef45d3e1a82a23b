import { ensembleOf } from './ensemble.ts';
import { vectors as part } from './parts/vectors.ts';
import type { Trainable } from './trained.ts';

/**
 * Each model's mean, moved by a linear function of the query's dense vector from an embedder: {@link part}. Without a vector
 * it knows the means alone.
 */
export const vectors: Trainable = { ...ensembleOf('vectors', [part]), learnsFrom: 'embedding' };
