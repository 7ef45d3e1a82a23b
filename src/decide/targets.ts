import type { Model, Upstream } from '../catalog/model.ts';
import type { CoolDown, Keeper, Lock } from './candidates.ts';
import type { Estimate } from './decision.ts';
import type { Plan } from './precedence.ts';

/** One place to try, in order. */
export interface Target {
  readonly model: Model;
  readonly upstream: Upstream;
}

export interface TargetInput {
  readonly plan: Pick<Plan, 'explicit' | 'fallbacks'>;
  readonly ranking: readonly Estimate[];
  readonly chosen: Model;
  /** True when a strategy chose: then the ranking is the fallback when none is written. */
  readonly routed: boolean;
  /** Set while an upstream is cooling down. */
  readonly cooling: (upstream: Upstream) => CoolDown | undefined;
  /** Nobody else is asked. */
  readonly keeper?: Keeper | undefined;
  /** Nobody else's upstreams are shut. */
  readonly lock?: Lock | undefined;
}

/**
 * Where the request may go, in order: the chosen model's upstreams, then the written fallbacks, else for routed
 * requests the ranking. Never leaves the candidates. Upstreams that are cooling down come last where calling them does no
 * harm, else they are left out unless nothing else is left.
 */
export function targetsOf(input: TargetInput): Target[] {
  const { plan, ranking, chosen } = input;
  const pinned = plan.explicit?.upstream;
  const order: Target[] = (pinned === undefined ? chosen.upstreams : [pinned]).map((upstream) => ({
    model: chosen,
    upstream,
  }));
  const follow = (model: Model | undefined) => {
    if (model === undefined || model === chosen) return;
    for (const upstream of model.upstreams) order.push({ model, upstream });
  };
  if (plan.fallbacks !== undefined) {
    for (const id of plan.fallbacks) follow(ranking.find(({ model }) => model.id === id)?.model);
  } else if (input.routed) {
    for (const { model } of ranking) follow(model);
  }
  const { keeper, lock } = input;
  const open = lock === undefined ? order : order.filter(({ upstream }) => lock.opens(upstream));
  const able = keeper === undefined ? open : open.filter(({ upstream }) => keeper.serves(upstream));
  const ready: Target[] = [];
  const lastResort: Target[] = [];
  for (const target of able) {
    const coolDown = input.cooling(target.upstream);
    if (coolDown === undefined) ready.push(target);
    else if (coolDown.lastResort) lastResort.push(target);
  }
  return ready.length > 0 ? [...ready, ...lastResort] : able;
}
