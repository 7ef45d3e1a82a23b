import type { QueryDigest } from '../decide/decision.ts';
import type { Features } from '../routers/router.ts';
import type { Query } from './query.ts';

/** The query without its text, for the record. */
export function queryDigest(query: Query, features: Features): QueryDigest {
  const { inputTokens, turns, maxOutput, session, signals, needs } = query;
  return {
    inputTokens,
    turns,
    signals,
    needs: [...needs],
    maxOutput,
    session,
    difficulty: features.difficulty,
  };
}
