import type { DecisionRecord } from '../ledger/record.ts';

/** A decision as its asker is told it: not which models there are that its key keeps from it. */
export function toldDecision(decision: DecisionRecord): DecisionRecord {
  const { dropped, baseline, ...rest } = decision;
  const kept = new Set(dropped.flatMap(({ model, why }) => (why === 'key' ? [model] : [])));
  if (kept.size === 0) return decision;
  return {
    ...rest,
    dropped: dropped.filter(({ why }) => why !== 'key'),
    ...(baseline === undefined || kept.has(baseline.model) ? {} : { baseline }),
  };
}
