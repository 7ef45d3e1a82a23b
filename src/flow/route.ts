import type { Account } from '../access/accounts.ts';
import type { Upstream } from '../catalog/model.ts';
import type { Budget, KeyLimits } from '../config/schema.ts';
import type { Keeper } from '../decide/candidates.ts';
import { decide, type Decided } from '../decide/decide.ts';
import type { Decision } from '../decide/decision.ts';
import type { Leaning } from '../decide/lean.ts';
import type { Plan, Wishes } from '../decide/precedence.ts';
import { SignalboxError } from '../errors.ts';
import type { CallerKey } from '../providers/caller-key.ts';
import type { DecisionRecord } from '../ledger/record.ts';
import { marksCache } from '../protocol/cache-marks.ts';
import { codecOf } from '../protocol/registry.ts';
import type { Dialect } from '../protocol/chat.ts';
import { buildQuery } from '../query/build.ts';
import { queryDigest } from '../query/digest.ts';
import { computeFeatures } from '../query/features.ts';
import type { Query } from '../query/query.ts';
import type { Features, Router } from '../routers/router.ts';
import type { Embedded } from './embedding.ts';
import { needOf } from './health.ts';
import type { Held } from './holder.ts';
import { lockOf } from './lock.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot, WorkingArtifact } from './snapshot.ts';

/** A request as far as routing is concerned. */
export interface RouteRequest {
  readonly dialect: Dialect;
  /** The body, parsed. */
  readonly parsed: unknown;
  readonly wishes: Wishes;
  readonly session?: string | undefined;
  /** The conversation was compacted just now: no provider has its beginning cached. */
  readonly compacted?: boolean;
  /** Id of the caller's key: sessions of two keys never mix, whatever they are called. */
  readonly key?: string | undefined;
  /** The caller's own key at a provider: nothing that it leads to is another caller's. */
  readonly callerKey?: CallerKey | undefined;
  /** The provider that it is for, as the caller says. */
  readonly keyFor?: string | undefined;
  /** What the key may ask and spend; left out: as much as it wants. */
  readonly limits?: KeyLimits | undefined;
  readonly keyBudget?: Budget | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** The account that keeps what the request goes on with, where it is known. */
  readonly held?: Held | undefined;
}

/** A decision, and what carrying it out needs. */
export interface Routed extends Decided {
  readonly query: Query;
  /** What the router was given. */
  readonly features: Features;
  readonly plan: Plan;
  /** The only provider that the caller's own key goes to. */
  readonly keyProvider?: string | undefined;
  /** Whether the request asks for writing to the provider's prompt cache. */
  readonly marked: () => boolean;
  /** Lines of the router's own explanation, on demand. */
  readonly explain: () => string[];
}

/** The budgets that a request counts against. */
export function accountsOf(
  { key, keyBudget, tags }: Pick<RouteRequest, 'key' | 'keyBudget' | 'tags'>,
  { role }: Pick<Plan, 'role'>,
  snapshot: Snapshot,
): readonly Account[] {
  return snapshot.accounts.of({ role, key, keyBudget, tags });
}

/** What a decision starts from: what applies, what is asked, who predicts. */
export interface Prepared {
  readonly plan: Plan;
  readonly query: Query;
  readonly router: Router;
  readonly artifact: WorkingArtifact | undefined;
}

/**
 * Settles what applies to a request and reads what is asked.
 * @throws SignalboxError when the request names what is not there or allowed.
 */
export function prepare(request: RouteRequest, snapshot: Snapshot): Prepared {
  const plan = snapshot.plan(request.wishes);
  const input = codecOf(request.dialect).view(request.parsed);
  const query = buildQuery(input, { session: request.session });
  const router = snapshot.routers.get(plan.routing.router);
  if (router === undefined) throw new SignalboxError('internal', `router "${plan.routing.router}" is not loaded`);
  return { plan, query, router, artifact: snapshot.artifacts.get(plan.routing.router) };
}

/** The plan with one more warning. */
function warned(plan: Plan, warning: string | undefined): Plan {
  return warning === undefined ? plan : { ...plan, warnings: [...plan.warnings, warning] };
}

/** Which upstreams can answer a request that leans on what its provider keeps; undefined for any other request. */
function keeperOf({ dialect, parsed, held }: RouteRequest, { providers }: Snapshot): Keeper | undefined {
  if (codecOf(dialect).bound?.(parsed) !== true) return undefined;
  const speaks = ({ provider }: Upstream) => providers.get(provider)?.dialects.includes(dialect) === true;
  if (held === undefined) {
    const detail = 'its provider does not speak the dialect whose stored state the request refers to';
    return { serves: speaks, detail };
  }
  return {
    serves: (upstream) => upstream.provider === held.provider && speaks(upstream),
    detail: `provider "${held.provider}" keeps what the request goes on with (${held.id.slice(0, 80)}), and no other can`,
  };
}

/** @throws `no_candidate` when the account that keeps what the request goes on with is not configured any more. */
function checkHeld({ held }: RouteRequest, { providers }: Snapshot): void {
  if (held === undefined || held.key < (providers.get(held.provider)?.keys ?? 0)) return;
  throw new SignalboxError(
    'no_candidate',
    `the key of provider "${held.provider}" whose account keeps ${held.id.slice(0, 80)} is not configured any more`,
  );
}

/**
 * Decides for one request; calls nothing and writes nothing.
 * @throws SignalboxError when the request names what is not there or allowed, or no model may serve it.
 */
export function route(
  request: RouteRequest,
  snapshot: Snapshot,
  runtime: Runtime,
  id: string,
  given: { readonly prepared?: Prepared; readonly embedded?: Embedded; readonly leaning?: Leaning } = {},
): Routed {
  const started = runtime.clock.elapsed();
  const prepared = given.prepared ?? prepare(request, snapshot);
  const { query, router, artifact } = prepared;
  const { embedding, warning } = given.embedded ?? {};
  const plan = warned(prepared.plan, warning);
  checkHeld(request, snapshot);
  const lock = lockOf(request, plan.explicit, snapshot);
  const accounts = accountsOf(request, plan, snapshot);
  const needs = artifact?.active.needs ?? router.needs;
  const features = computeFeatures(query, needs, embedding);
  const need = needOf(snapshot, query.inputTokens, request.held?.key);
  const decided = decide({
    id,
    at: runtime.clock.now(),
    query,
    features,
    digest: queryDigest(query, features),
    plan,
    models: snapshot.catalog.models,
    router,
    versions: snapshot.versions,
    draw: plan.strategy.kind === 'random' ? runtime.random() : 0,
    turn: plan.strategy.kind === 'round-robin' ? runtime.memory.turn() : 0,
    cached: request.compacted === true ? undefined : runtime.memory.cached(request),
    firstTokenMs: runtime.memory.firstTokenMs,
    keeper: keeperOf(request, snapshot),
    lock,
    cooling: (upstream) => runtime.memory.cooling(upstream, need),
    learnt: artifact,
    leaning: given.leaning ?? (accounts.length === 0 ? undefined : runtime.budgets.leaning(accounts)),
    priced: accounts.length > 0,
  });
  runtime.metrics.decision(decided.decision.reasonCode, runtime.clock.elapsed() - started);
  return {
    ...decided,
    query,
    features,
    plan,
    keyProvider: lock?.provider,
    marked: () => marksCache(request.parsed),
    explain: () =>
      router.explain(
        features,
        decided.decision.ranking.map((estimate) => estimate.model),
      ),
  };
}

/** A decision as it is written down: models by id. */
export function recordOf(decision: Decision): DecisionRecord {
  return {
    ...decision,
    ranking: decision.ranking.map(({ model, quality, stderr, costUsd, firstTokenMs, outputTokens }) => ({
      model: model.id,
      quality,
      stderr,
      costUsd,
      firstTokenMs,
      outputTokens,
    })),
  };
}
