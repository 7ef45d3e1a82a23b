import { LRUCache } from 'lru-cache';
import type { DecisionRecord, Intent, Outcome } from '../ledger/record.ts';
import type { State } from '../state/state.ts';

/** A request that is in flight or has just ended. */
export interface RecentRequest {
  readonly intent: Intent;
  readonly outcome?: Outcome;
}

interface Kept {
  intent: Intent;
  outcome?: Outcome;
}

interface Asked {
  readonly key?: string | undefined;
}

interface Decided extends Asked {
  decision: DecisionRecord;
}

/** What of the latest requests and decisions is to be forgotten. */
export interface Forgettable {
  readonly request: (intent: Intent) => boolean;
  readonly decision: (decision: DecisionRecord, key: string | undefined) => boolean;
  /** A decision as it is then. */
  readonly without: (decision: DecisionRecord) => DecisionRecord;
}

/** The latest requests and decisions in memory: what the store may not have yet. */
export interface Recent {
  opened(intent: Intent): void;
  settled(outcome: Outcome): void;
  /** `key` is the name of the key that asked for it. */
  decided(decision: DecisionRecord, key?: string): void;
  request(id: string): RecentRequest | undefined;
  decision(id: string): DecisionRecord | undefined;
  /** Whether this key asked for a decision, and for nothing but it; left out, whether anybody did. */
  onlyDecided(id: string, key?: string): Promise<boolean>;
  /** Takes out of what is here whatever is to be forgotten. */
  forget(of: Forgettable): void;
  /** Requests that are open now. */
  readonly inFlight: number;
}

/**
 * Requests kept. The store has them some 100 ms later; each one kept longer than the collector's young generation
 * turns over is copied twice and collected dearly.
 */
const REQUESTS = 64;
/** Decisions kept that were only asked for: nothing else has them. */
const DECISIONS = 2000;

/** How long other processes know who asked for a decision, milliseconds. */
const ASKED_MS = 3_600_000;

/** Keeps the last requests and decisions; who asked for a decision is known to all processes. */
export function createRecent(state: Pick<State, 'cell' | 'load'>): Recent {
  const nameOf = (id: string): string => `decided:${id}`;
  const requests = new LRUCache<string, Kept>({ max: REQUESTS });
  const decisions = new LRUCache<string, Decided>({ max: DECISIONS });
  const open = new Set<string>();
  return {
    opened(intent) {
      open.add(intent.id);
      requests.set(intent.id, { intent });
      // A decision made on the way has its request's id, and needs no entry of its own.
      if (intent.decision.id !== intent.id)
        decisions.set(intent.decision.id, { decision: intent.decision, key: intent.request.key });
    },
    settled(outcome) {
      open.delete(outcome.id);
      const known = requests.get(outcome.id);
      if (known !== undefined) known.outcome = outcome;
    },
    decided(decision, key) {
      decisions.set(decision.id, { decision, key });
      state.cell<Asked>(nameOf(decision.id)).set({ key }, ASKED_MS);
    },
    request: (id) => requests.get(id),
    decision(id) {
      const request = requests.get(id)?.intent.decision;
      return request?.id === id ? request : decisions.get(id)?.decision;
    },
    async onlyDecided(id, key) {
      if (requests.has(id)) return false;
      const here = decisions.get(id);
      if (here === undefined) await state.load([nameOf(id)]);
      const found = here ?? state.cell<Asked>(nameOf(id)).get();
      return found !== undefined && (key === undefined || found.key === key);
    },
    forget({ request, decision, without }) {
      for (const kept of requests.values()) {
        if (!request(kept.intent)) continue;
        const { session: _session, user: _user, ...rest } = kept.intent.request;
        kept.intent = { ...kept.intent, request: rest, decision: without(kept.intent.decision) };
      }
      for (const kept of decisions.values()) {
        if (decision(kept.decision, kept.key)) kept.decision = without(kept.decision);
      }
    },
    get inFlight() {
      return open.size;
    },
  };
}
