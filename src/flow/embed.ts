import type { Leaning } from '../decide/lean.ts';
import type { Plan } from '../decide/precedence.ts';
import type { Embedded } from './embedding.ts';
import { prepare, route, type Prepared, type Routed, type RouteRequest } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** Strategies that do not look at quality. */
const BLIND: ReadonlySet<Plan['strategy']['kind']> = new Set([
  'static',
  'cheapest',
  'largest',
  'random',
  'round-robin',
]);

/** Whether a vector could change anything: it costs time, and perhaps money. */
function wantsVector({ plan, router }: Prepared): boolean {
  return (
    router.needs.includes('embedding') &&
    plan.explicit === undefined &&
    plan.routing.mode !== 'off' &&
    !BLIND.has(plan.strategy.kind)
  );
}

/**
 * Decides for one request as {@link route} does, after its vector is there or its embedder's deadline is over, and what
 * other processes know of its session. A promise only when there is something to wait for: most requests are decided at once.
 * @throws SignalboxError as `route` does.
 */
export function routeWithVector(
  request: RouteRequest,
  snapshot: Snapshot,
  runtime: Runtime,
  id: string,
  leaning?: Leaning,
): Routed | Promise<Routed> {
  const recalled = runtime.memory.recall(request);
  return recalled === undefined
    ? routeRecalled(request, snapshot, runtime, id, leaning)
    : recalled.then(() => routeRecalled(request, snapshot, runtime, id, leaning));
}

/** The same when what other processes know of the session is here. */
function routeRecalled(
  request: RouteRequest,
  snapshot: Snapshot,
  runtime: Runtime,
  id: string,
  leaning: Leaning | undefined,
): Routed | Promise<Routed> {
  const lean = leaning === undefined ? {} : { leaning };
  if (snapshot.embeddings.size === 0) return route(request, snapshot, runtime, id, lean);
  const prepared = prepare(request, snapshot);
  const { embedder } = prepared.plan.routing;
  const embedding = embedder === undefined ? undefined : snapshot.embeddings.get(embedder);
  if (embedding === undefined || !wantsVector(prepared))
    return route(request, snapshot, runtime, id, { prepared, ...lean });
  const decide = (embedded: Embedded) => {
    if (embedded.warning !== undefined) runtime.metrics.embedderMissed(embedded.warning);
    return route(request, snapshot, runtime, id, { prepared, embedded, ...lean });
  };
  const found = embedding.of(prepared.query.instruction);
  return found instanceof Promise ? found.then(decide) : decide(found);
}
