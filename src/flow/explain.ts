import { routeWithVector } from './embed.ts';
import { recordOf, type RouteRequest } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';
import { toldDecision } from './told.ts';

/** Decides for a request and tells why; calls no model but a configured embedder. The decision can be scored later by its id. */
export async function explainRoute(request: RouteRequest, snapshot: Snapshot, runtime: Runtime, id: string) {
  const routed = await routeWithVector(request, snapshot, runtime, id);
  const record = recordOf(routed.decision);
  runtime.recent.decided(record, request.key);
  return {
    decision: toldDecision(record),
    model: record.chosen,
    provider: routed.targets[0]?.upstream.provider ?? '',
    explain: routed.explain(),
  };
}
