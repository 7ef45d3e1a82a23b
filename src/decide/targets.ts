import type { Model, Upstream } from '../catalog/model.ts';
import type { Estimate } from './decision.ts';
import type { Plan } from './precedence.ts';

/** One place to try, in order. */
export interface Target {
  readonly model: Model;
  readonly upstream: Upstream;
}

export interface TargetInput {
  readonly plan: Plan;
  readonly ranking: readonly Estimate[];
  readonly chosen: Model;
  /** True when a strategy chose: then the ranking is the fallback when none is written. */
  readonly routed: boolean;
  readonly available: (upstream: Upstream) => boolean;
}

/**
 * Where the request may go, in order: the chosen model's upstreams, then the written fallbacks, else for routed
 * requests the ranking. Never leaves the candidates. Upstreams that are cooling down are left out unless nothing else is left.
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
  const ready = order.filter((target) => input.available(target.upstream));
  return ready.length > 0 ? ready : order;
}
