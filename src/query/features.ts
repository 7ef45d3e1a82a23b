import type { FeatureName, Features } from '../routers/router.ts';
import { difficultyOf } from './difficulty.ts';
import type { Query } from './query.ts';

/** Computes only what the active router needs. */
export function computeFeatures(query: Query, needs: readonly FeatureName[]): Features {
  return { query, ...(needs.includes('difficulty') ? { difficulty: difficultyOf(query) } : {}) };
}
