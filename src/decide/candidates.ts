import type { Model, Upstream } from '../catalog/model.ts';
import { SignalboxError } from '../errors.ts';
import type { Query } from '../query/query.ts';
import type { Decision, DropCode } from './decision.ts';

/** What narrows the models down to candidates. Sets hold model ids; left out = no limit. */
export interface CandidateRules {
  readonly role?: ReadonlySet<string>;
  readonly key?: ReadonlySet<string>;
  /** Under a budget a model without a price is out. */
  readonly priced: boolean;
  /** False while an upstream is cooling down. */
  readonly available: (upstream: Upstream) => boolean;
}

export interface Candidates {
  readonly candidates: readonly Model[];
  readonly dropped: Decision['dropped'];
}

function reasonToDrop(query: Query, model: Model, rules: CandidateRules): [DropCode, string] | undefined {
  if (rules.key !== undefined && !rules.key.has(model.id)) return ['key', 'the key does not allow it'];
  if (rules.role !== undefined && !rules.role.has(model.id)) return ['role', 'the role does not list it'];
  if (model.capabilitiesKnown) {
    const missing = [...query.needs].filter((need) => !model.capabilities.has(need));
    if (missing.length > 0) return ['capability', `lacks ${missing.join(', ')}`];
  }
  const wanted = query.inputTokens + (query.maxOutput ?? 0);
  if (model.contextWindow !== undefined && wanted > model.contextWindow) {
    return ['window', `needs about ${wanted} tokens, its window is ${model.contextWindow}`];
  }
  if (rules.priced && model.upstreams.every((upstream) => upstream.price === null)) {
    return ['budget', 'its price is unknown'];
  }
  if (!model.upstreams.some(rules.available)) return ['health', 'every upstream is cooling down'];
  return undefined;
}

/** The models that may serve the query, in the order given, and why the others may not. */
export function selectCandidates(query: Query, models: readonly Model[], rules: CandidateRules): Candidates {
  const candidates: Model[] = [];
  const dropped: { model: string; why: DropCode; detail: string }[] = [];
  for (const model of models) {
    const reason = reasonToDrop(query, model, rules);
    if (reason === undefined) candidates.push(model);
    else dropped.push({ model: model.id, why: reason[0], detail: reason[1] });
  }
  return { candidates, dropped };
}

/** The error for a request that no model can serve: it names each model and what keeps it out. */
export function noCandidate(dropped: Decision['dropped']): SignalboxError {
  const detail = dropped.map((drop) => `${drop.model}: ${drop.detail}`).join('; ');
  const serious = dropped.filter((drop) => drop.why !== 'role' && drop.why !== 'key');
  if (serious.length === 0) return new SignalboxError('forbidden', `no model is allowed here (${detail})`);
  if (serious.every((drop) => drop.why === 'window')) {
    return new SignalboxError('context_length_exceeded', `the request is larger than every context window (${detail})`);
  }
  if (serious.some((drop) => drop.why === 'health')) {
    return new SignalboxError('all_unavailable', `no upstream is available now (${detail})`, { retryAfter: 5 });
  }
  return new SignalboxError('no_candidate', `no configured model can serve this request (${detail})`);
}
