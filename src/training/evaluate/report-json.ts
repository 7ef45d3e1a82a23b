import { originJson } from './origin.ts';
import { verdictText } from './report-verdict.ts';
import { verdictOf } from './verdict.ts';
import type { EvaluationReport, RouterReport, SetReport } from './report.ts';

/** Numbers that JSON cannot hold are unknown. */
function finite(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (Array.isArray(value)) return value.map(finite);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, finite(item)]));
}

function verdictJson(router: RouterReport): object {
  const { measure, against, promises } = verdictOf(router);
  return {
    text: verdictText(router),
    measure,
    against: Object.fromEntries(against.map(({ control, finding }) => [control, finding])),
    promises: Object.fromEntries(promises.map(({ strategy, finding }) => [strategy, finding])),
  };
}

function routerJson(report: RouterReport): object {
  const { control, ...router } = report;
  return { ...router, control, verdict: control ? null : verdictJson(report) };
}

function setJson({ drawn, routers, ...set }: SetReport): object {
  return { ...set, singles: drawn.singles, routers: routers.map(routerJson) };
}

/** The evaluation as `signalbox eval --json` prints it: plain JSON, null where something does not apply. */
export function reportJson({ sets, origin, ...how }: EvaluationReport): unknown {
  const made = origin === undefined ? {} : { origin: originJson(origin) };
  return finite({ ...how, ...made, sets: sets.map(setJson) });
}
