import type { Model, Upstream } from '../catalog/model.ts';
import { SignalboxError } from '../errors.ts';
import type { Query } from '../query/query.ts';
import type { Decision, DropCode } from './decision.ts';

/** Why an upstream is left alone for a while. */
export interface CoolDown {
  /** Epoch milliseconds. */
  readonly until: number;
  readonly why: string;
  /** True when asking all the same does no harm: it is called when nobody else is left. */
  readonly lastResort: boolean;
}

/** Who keeps what a request leans on: nobody else can answer it. */
export interface Keeper {
  serves(upstream: Upstream): boolean;
  /** Why another upstream cannot, in words. */
  readonly detail: string;
}

/** What keeps upstreams shut that are called with callers' own keys. */
export interface Lock {
  opens(upstream: Pick<Upstream, 'provider'>): boolean;
  /** Why the others stay shut, in words. */
  readonly detail: string;
}

/** What narrows the models down to candidates. Sets hold model ids; left out = no limit. */
export interface CandidateRules {
  readonly role?: ReadonlySet<string> | undefined;
  readonly key?: ReadonlySet<string> | undefined;
  /** Under a budget a model without a price is out. */
  readonly priced: boolean;
  /** Left out = any upstream could be asked. */
  readonly keeper?: Keeper | undefined;
  /** Left out = every upstream is open. */
  readonly lock?: Lock | undefined;
  /** Set while an upstream is cooling down. */
  readonly cooling: (upstream: Upstream) => CoolDown | undefined;
}

export interface Candidates {
  readonly candidates: readonly Model[];
  readonly dropped: Decision['dropped'];
  /** When the first model that is only cooling down may be tried again, epoch milliseconds. */
  readonly readyAt?: number | undefined;
}

/** The cool-down that ends first; undefined when an upstream of the model is ready. */
function coolDownOf({ upstreams }: Model, rules: CandidateRules): CoolDown | undefined {
  let first: CoolDown | undefined;
  for (const upstream of upstreams) {
    if (rules.lock?.opens(upstream) === false) continue;
    const cooling = rules.cooling(upstream);
    if (cooling === undefined) return undefined;
    if (first === undefined || cooling.until < first.until) first = cooling;
  }
  return first;
}

function reasonToDrop(query: Query, model: Model, rules: CandidateRules): [DropCode, string] | undefined {
  if (rules.key !== undefined && !rules.key.has(model.id)) return ['key', 'the key does not allow it'];
  if (rules.role !== undefined && !rules.role.has(model.id)) return ['role', 'the role does not list it'];
  const { keeper, lock } = rules;
  const able = keeper === undefined ? model.upstreams : model.upstreams.filter((upstream) => keeper.serves(upstream));
  if (keeper !== undefined && able.length === 0) return ['capability', keeper.detail];
  if (lock !== undefined && !able.some((upstream) => lock.opens(upstream))) {
    return ['caller-key', lock.detail];
  }
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
  return undefined;
}

/** The models that may serve the query, in the order given, and why the others may not. */
export function selectCandidates(query: Query, models: readonly Model[], rules: CandidateRules): Candidates {
  const candidates: Model[] = [];
  const dropped: { model: string; why: DropCode; detail: string }[] = [];
  const lastResort: Model[] = [];
  let readyAt: number | undefined;
  for (const model of models) {
    const reason = reasonToDrop(query, model, rules);
    const cooling = reason === undefined ? coolDownOf(model, rules) : undefined;
    if (reason !== undefined) dropped.push({ model: model.id, why: reason[0], detail: reason[1] });
    else if (cooling === undefined) candidates.push(model);
    else {
      if (cooling.lastResort) lastResort.push(model);
      readyAt = Math.min(cooling.until, readyAt ?? cooling.until);
      dropped.push({ model: model.id, why: 'health', detail: `is left alone for now: ${cooling.why}` });
    }
  }
  if (candidates.length === 0 && lastResort.length > 0) {
    const called = new Set(lastResort.map(({ id }) => id));
    return { candidates: lastResort, dropped: dropped.filter(({ model }) => !called.has(model)) };
  }
  return { candidates, dropped, readyAt };
}

/** The error for a request that no model can serve: it names each model that the key allows, and what keeps it out. */
export function noCandidate({ dropped, readyAt }: Omit<Candidates, 'candidates'>, now: number): SignalboxError {
  const own = dropped.filter((drop) => drop.why !== 'key').map((drop) => `${drop.model}: ${drop.detail}`);
  const detail = own.length === 0 ? 'the key allows none that is configured' : own.join('; ');
  const serious = dropped.filter((drop) => drop.why !== 'role' && drop.why !== 'key');
  if (serious.length === 0) return new SignalboxError('forbidden', `no model is allowed here (${detail})`);
  if (serious.every((drop) => drop.why === 'window')) {
    return new SignalboxError('context_length_exceeded', `the request is larger than every context window (${detail})`);
  }
  if (serious.every((drop) => drop.why === 'caller-key')) {
    return new SignalboxError('unauthorized', `no model can be called for this request (${detail})`);
  }
  if (readyAt !== undefined) {
    const retryAfter = Math.max(1, Math.ceil((readyAt - now) / 1000));
    return new SignalboxError('all_unavailable', `no upstream is available now (${detail})`, { retryAfter });
  }
  return new SignalboxError('no_candidate', `no configured model can serve this request (${detail})`);
}
