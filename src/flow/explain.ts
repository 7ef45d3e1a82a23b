import { recordOf, route, type RouteRequest } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** Decides for a request and tells why, without calling anything. The decision can be scored later by its id. */
export function explainRoute(request: RouteRequest, snapshot: Snapshot, runtime: Runtime, id: string) {
  const routed = route(request, snapshot, runtime, id);
  const record = recordOf(routed.decision);
  runtime.recent.decided(record);
  return {
    decision: record,
    model: record.chosen,
    provider: routed.targets[0]?.upstream.provider ?? '',
    explain: routed.explain(),
  };
}
