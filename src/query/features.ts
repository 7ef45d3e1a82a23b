import type { FeatureName, Features } from '../routers/router.ts';
import { difficultyOf } from './difficulty.ts';
import { ngramsOf } from './ngrams.ts';
import type { Query } from './query.ts';
import { structureOf } from './structure.ts';

/** Changes when n-grams or structure numbers change: an artifact of another version is refused. */
export const FEATURE_VERSION = 1;

/** Computes only what the active router needs; `embedding` is I/O and comes from the caller. */
export function computeFeatures(
  query: Query,
  needs: readonly FeatureName[],
  embedding?: Features['embedding'],
): Features {
  return {
    query,
    difficulty: needs.includes('difficulty') ? difficultyOf(query) : undefined,
    ngrams: needs.includes('ngrams') ? ngramsOf(query.instruction) : undefined,
    structure: needs.includes('structure') ? structureOf(query) : undefined,
    embedding,
  };
}
