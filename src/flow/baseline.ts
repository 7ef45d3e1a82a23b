import type { Catalog } from '../catalog/catalog.ts';
import { attemptCost } from '../ledger/money.ts';
import { readOnce } from '../ledger/read-once.ts';
import type { Intent, NanoUsd } from '../ledger/record.ts';
import type { Usage } from '../protocol/chat.ts';

/** What the same answer would have cost on the baseline model: a counterfactual. */
export interface Baseline {
  /** A leg of the answer has ended that another goes on with. */
  leg(usage: Usage): void;
  /** For all tokens of the answer; null when the price is unknown. */
  cost(answered: Usage): NanoUsd | null;
}

/** {@link Baseline} of one request, at the prices of its snapshot. */
export function createBaseline(
  { decision: { baseline } }: Pick<Intent, 'decision'>,
  { catalog }: { readonly catalog: Pick<Catalog, 'byId'> },
): Baseline {
  let first: Usage | undefined;
  return {
    leg: (usage) => void (first ??= usage),
    cost(answered) {
      const price = baseline === undefined ? null : catalog.byId.get(baseline.model)?.upstreams[0]?.price;
      return attemptCost(readOnce(first, answered), price ?? null);
    },
  };
}
