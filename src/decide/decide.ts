import type { Model, Upstream } from '../catalog/model.ts';
import { SignalboxError } from '../errors.ts';
import type { Query } from '../query/query.ts';
import type { Features, Prediction, Router } from '../routers/router.ts';
import {
  noCandidate,
  selectCandidates,
  type CandidateRules,
  type Candidates,
  type CoolDown,
  type Keeper,
  type Lock,
} from './candidates.ts';
import type { Calibration } from './calibration.ts';
import { choose, type ChooseContext } from './choose.ts';
import type { Calibrated, Decision, Estimate, QueryDigest, ReasonCode, Strategy, Versions } from './decision.ts';
import { estimateAll, type CachedPrefix } from './estimate.ts';
import { becauseOf, declaresFloor, leaner, type Leaning } from './lean.ts';
import type { Plan } from './precedence.ts';
import type { Choice } from './ranking.ts';
import { targetsOf, type Target } from './targets.ts';

/** Everything a decision depends on; nothing else is read. */
export interface DecideInput {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly query: Query;
  readonly features: Features;
  readonly digest: QueryDigest;
  readonly plan: Plan;
  readonly models: readonly Model[];
  readonly router: Router;
  readonly versions: Versions;
  /** Uniform in [0, 1). */
  readonly draw: number;
  readonly turn: number;
  readonly cached?: CachedPrefix | undefined;
  readonly firstTokenMs: (upstream: string) => number | undefined;
  /** Left out = any upstream could be asked. */
  readonly keeper?: Keeper | undefined;
  /** Left out = every upstream is open. */
  readonly lock?: Lock | undefined;
  readonly cooling: (upstream: Upstream) => CoolDown | undefined;
  /** What an artifact knows beside its router. */
  readonly learnt?: Learnt | undefined;
  /** Set while a budget that the request counts against is nearly spent, or spent. */
  readonly leaning?: Leaning | undefined;
  /** A budget limits what the request may cost: a model without a price is out. */
  readonly priced?: boolean | undefined;
}

/** What was learnt beside the quality of answers. */
export interface Learnt {
  /** What a dollar is worth, where a sample says so. */
  readonly calibration?: Calibration | undefined;
  /** Id of the configured model with the best mean score in the sample. */
  readonly best?: string | undefined;
  /** Output tokens to expect of each model, in their order; NaN = nothing learnt. */
  outputTokens?(features: Features, models: readonly Model[]): ArrayLike<number>;
}

/** A decision and where it may be carried out. */
export interface Decided {
  readonly decision: Decision;
  readonly targets: readonly Target[];
}

/** What a router predicts, or in words why that cannot be used. */
function predictSafely(router: Router, features: Features, models: readonly Model[]): Prediction[] | string {
  try {
    const predictions = router.predict(features, models);
    if (predictions.length !== models.length) return `${predictions.length} predictions for ${models.length} models`;
    const odd = predictions.findIndex((p) => !(p.quality >= 0 && p.quality <= 1));
    return odd === -1 ? predictions : `it predicts ${predictions[odd]?.quality} for ${models[odd]?.id}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function lengthsOf({ learnt, features }: DecideInput, models: readonly Model[]): ArrayLike<number> | undefined {
  try {
    return learnt?.outputTokens?.(features, models);
  } catch {
    return undefined;
  }
}

/** The candidates, plus the named and the default model, so that both can be compared. */
function modelsToEstimate(input: DecideInput, candidates: readonly Model[]): Model[] {
  const models = [...candidates];
  const add = (model: Model | undefined) => {
    if (model !== undefined && !models.some((other) => other.id === model.id)) models.push(model);
  };
  add(input.plan.explicit?.model);
  add(input.models.find((model) => model.id === input.plan.default));
  return models;
}

function routerFailed(why: string, estimates: readonly Estimate[], context: ChooseContext): Choice {
  const choice = choose(estimates, { kind: 'static' }, context);
  const reason = `the router failed (${why.slice(0, 200)}): ${choice.reason}`;
  return { ...choice, reasonCode: 'router-error', reason, confidence: 0 };
}

function chooseAmong(
  estimates: readonly Estimate[],
  input: DecideInput,
  strategy: Strategy,
  failed: string | undefined,
  calibrated: Calibrated | undefined,
): Choice | undefined {
  if (estimates.length === 0) return undefined;
  const context = { default: input.plan.default, draw: input.draw, turn: input.turn, calibrated };
  if (failed !== undefined) return routerFailed(failed, estimates, context);
  const choice = choose(estimates, strategy, context);
  if (estimates.length > 1) return choice;
  return { ...choice, reasonCode: 'only-candidate', reason: 'the only candidate', propensity: 1 };
}

/** Only its upstreams keep it out, for a while. */
const coolsDown = ({ dropped }: Candidates, id: string): boolean =>
  dropped.some(({ model, why }) => model === id && why === 'health');

/**
 * The choice that the caller, the mode or `static` imposes; undefined when a strategy decides. A default that cools down
 * stays the choice: who may answer in its place is written in `fallbacks`.
 */
function imposed(
  input: DecideInput,
  all: readonly Estimate[],
  routed: Choice | undefined,
  kept: Candidates,
): Choice | undefined {
  const { explicit, routing, strategy } = input.plan;
  const id = explicit?.model.id ?? input.plan.default;
  const off = routing.mode !== 'route';
  const waits = coolsDown(kept, id);
  if (explicit === undefined && !off && !(strategy.kind === 'static' && waits)) return undefined;
  const chosen = all.find((estimate) => estimate.model.id === id);
  const servable = explicit !== undefined || waits || kept.candidates.some((model) => model.id === id);
  if (chosen === undefined || !servable) return undefined;
  const others = (routed?.ranking ?? []).filter((estimate) => estimate.model.id !== id);
  const because = (reasonCode: ReasonCode, reason: string): Choice => ({
    ranking: [chosen, ...others],
    reasonCode,
    reason,
    confidence: 1,
    propensity: 1,
  });
  if (explicit !== undefined) return because('explicit', 'the caller named this model');
  if (!off) return because('static', 'the configured default');
  return because('off', `routing is ${routing.mode === 'off' ? 'off' : 'only observing'}: the configured default`);
}

function observed(input: DecideInput, routed: Choice | undefined): Decision['observed'] {
  const [would] = routed?.ranking ?? [];
  if (input.plan.routing.mode !== 'observe' || would === undefined) return undefined;
  return { chosen: would.model.id, reason: routed?.reason ?? '', costUsd: would.costUsd };
}

function rulesOf({ plan, keeper, lock, cooling, priced }: DecideInput): CandidateRules {
  return {
    keeper,
    lock,
    priced: priced === true || plan.strategy.kind === 'budget',
    cooling,
    role: plan.roleModels,
    key: plan.keyModels,
  };
}

/** What is decided when a budget is spent: by the cheapest, unless a floor was promised. */
function atLimit(input: DecideInput): DecideInput {
  const { plan, leaning } = input;
  if (leaning?.spent !== true || declaresFloor(plan.strategy)) return input;
  return { ...input, plan: { ...plan, strategy: { kind: 'cheapest' }, routing: { ...plan.routing, mode: 'route' } } };
}

/** What a strategy makes of the candidates, and by which exchange rate. */
interface Made {
  readonly strategy: Strategy;
  readonly choice: Choice | undefined;
  readonly calibrated: Calibrated | undefined;
}

/** The plan's strategy, or a cheaper one while a budget is nearly spent. */
function make(
  input: DecideInput,
  candidates: readonly Model[],
  estimates: readonly Estimate[],
  failed: string | undefined,
): Made {
  const { leaning, learnt, plan } = input;
  const { strategy } = plan;
  const calibration = failed === undefined ? learnt?.calibration : undefined;
  const calibrated = calibration?.of(strategy, candidates);
  const choice = chooseAmong(estimates, input, strategy, failed, calibrated);
  const made = { strategy, choice, calibrated };
  if (leaning === undefined || choice === undefined || failed !== undefined || estimates.length < 2) return made;
  if (leaning.spent === true) return declaresFloor(strategy) ? made : { ...made, choice: becauseOf(leaning, choice) };
  const cheaper = leaner({ strategy, choice, calibrated, calibration, candidates }, leaning);
  if (cheaper === undefined) return made;
  const rate = calibration?.of(cheaper, candidates);
  const leant = chooseAmong(estimates, input, cheaper, failed, rate);
  return leant === undefined ? made : { strategy: cheaper, choice: becauseOf(leaning, leant), calibrated: rate };
}

/** @throws `unauthorized` where the chosen model is called with the caller's own key and the request brings none for it. */
function checkLock({ lock, plan, keeper }: DecideInput, { id, upstreams }: Model): void {
  const { explicit } = plan;
  const asked = explicit?.upstream === undefined ? upstreams : [explicit.upstream];
  const able = keeper === undefined ? asked : asked.filter((upstream) => keeper.serves(upstream));
  if (lock === undefined || able.length === 0 || able.some((upstream) => lock.opens(upstream))) return;
  throw new SignalboxError('unauthorized', `${id} cannot be called: ${lock.detail}`);
}

/**
 * @throws `no_candidate` where nobody could answer, `unauthorized` where the caller's own key is missing,
 * `all_unavailable` where an imposed default must be left alone.
 */
function checkTargets(targets: readonly Target[], chosen: Model, forced: boolean, input: DecideInput): void {
  const { keeper, plan, cooling } = input;
  // Whoever names a model is not answered by its fallbacks because it brought no key.
  if (plan.explicit !== undefined || targets.length === 0) checkLock(input, chosen);
  if (targets.length === 0) {
    const why = keeper === undefined ? 'has no upstream' : keeper.detail;
    throw new SignalboxError('no_candidate', `${chosen.id} cannot serve this request: ${why}`);
  }
  // Whoever names a model may ask it all the same.
  if (!forced || plan.explicit !== undefined) return;
  if (targets.some(({ upstream }) => cooling(upstream)?.lastResort !== false)) return;
  const allowed = [...new Set(targets.map(({ model }) => model))];
  throw noCandidate(selectCandidates(input.query, allowed, rulesOf(input)), input.at);
}

/**
 * Predicts, estimates, chooses and explains. Pure: the same input gives the same decision.
 * @throws `no_candidate`, `context_length_exceeded`, `forbidden`, `unauthorized` or `all_unavailable` when no model may
 * serve the query.
 */
export function decide(given: DecideInput): Decided {
  const input = atLimit(given);
  const { plan, query } = input;
  const kept = selectCandidates(query, input.models, rulesOf(input));
  const models = modelsToEstimate(input, kept.candidates);
  const predicted = predictSafely(input.router, input.features, models);
  const failed = typeof predicted === 'string' ? predicted : undefined;
  const estimates = estimateAll(
    query,
    models,
    typeof predicted === 'string' ? models.map(() => ({ quality: 0, stderr: 1 })) : predicted,
    input.cached,
    input.firstTokenMs,
    lengthsOf(input, models),
  );
  const made = make(input, kept.candidates, estimates.slice(0, kept.candidates.length), failed);
  const { choice: routed, calibrated } = made;
  const forced = imposed(input, estimates, routed, kept);
  const choice = forced ?? routed;
  const [chosen] = choice?.ranking ?? [];
  if (choice === undefined || chosen === undefined) throw noCandidate(kept, input.at);

  const baseline = estimates.find((estimate) => estimate.model.id === plan.default);
  const drawn =
    choice.reasonCode === 'random' ? input.draw : choice.reasonCode === 'round-robin' ? input.turn : undefined;
  const decision: Decision = {
    id: input.id,
    ranking: choice.ranking,
    dropped: kept.dropped,
    chosen: chosen.model.id,
    strategy: forced === undefined ? made.strategy : plan.strategy,
    reasonCode: choice.reasonCode,
    reason: choice.reason,
    confidence: choice.confidence,
    flip: choice.flip,
    propensity: choice.propensity,
    draw: drawn,
    calibration: forced === undefined ? calibrated : undefined,
    role: plan.role,
    baseline: baseline === undefined ? undefined : { model: baseline.model.id, costUsd: baseline.costUsd },
    observed: observed(input, routed),
    cached: input.cached,
    warnings: plan.warnings.length === 0 ? undefined : plan.warnings,
    versions: input.versions,
    query: input.digest,
    at: input.at,
  };
  const targets = targetsOf({
    plan,
    ranking: choice.ranking,
    chosen: chosen.model,
    routed: forced === undefined && plan.strategy.kind !== 'static',
    cooling: input.cooling,
    keeper: input.keeper,
    lock: input.lock,
  });
  checkTargets(targets, chosen.model, forced !== undefined, input);
  return { decision, targets };
}
