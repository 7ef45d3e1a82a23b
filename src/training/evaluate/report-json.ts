import type { EvaluationReport, RouterReport, SetReport } from './report.ts';

/** Numbers that JSON cannot hold are unknown. */
function finite(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(finite);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, finite(item)]));
}

function routerJson({ control, ...router }: RouterReport): object {
  return { ...router, control };
}

function setJson({ drawn, routers, ...set }: SetReport): object {
  return { ...set, singles: drawn.singles, routers: routers.map(routerJson) };
}

/** The evaluation as `signalbox eval --json` prints it: plain JSON, null where something does not apply. */
export function reportJson({ sets, ...how }: EvaluationReport): unknown {
  return finite({ ...how, sets: sets.map(setJson) });
}
