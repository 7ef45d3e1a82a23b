import { periodOf } from '../calendar.ts';
import { roundedUsd } from '../rounded.ts';
import { project, unitCosts, type Projection } from './projection.ts';
import type { Store, UsageFilter, UsageRow } from './store.ts';

/** Stretches of the calendar that usage is shown of. */
export const USAGE_PERIODS = ['today', 'week', 'month'] as const;
export type UsagePeriod = (typeof USAGE_PERIODS)[number];

/** What a period's name means in the calendar. */
const PER = { today: 'day', week: 'week', month: 'month' } as const;

/** How savings are made out, told wherever they are shown. */
export const SAVINGS_METHOD =
  'counterfactual: what the same tokens would have cost on routing.default, less what the requests cost';

/** Usage with its total, and where the period is the calendar’s, what it will come to. */
export interface UsageReport {
  /** Epoch milliseconds. */
  readonly since: number;
  readonly until: number;
  readonly zone: string;
  readonly data: readonly UsageRow[];
  /** All groups together: a request counts once, whatever tags it has. */
  readonly total: UsageRow;
  /** Null without a period of the calendar, and where too little has been spent to tell. */
  readonly projection: Projection | null;
  readonly savings: { readonly method: string };
}

export interface ReportQuery extends Omit<UsageFilter, 'since' | 'until'> {
  /** Epoch milliseconds; `period` goes before. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** The day, week or month that it is now in `zone`. */
  readonly period?: UsagePeriod | undefined;
}

const DAY_MS = 86_400_000;

/** Sums of no request. */
export function noUsage(start: number): UsageRow {
  return {
    start,
    group: '',
    requests: 0,
    failed: 0,
    cancelled: 0,
    interrupted: 0,
    inputTokens: 0,
    outputTokens: 0,
    costUsd: 0,
    reservedUsd: 0,
    unpriced: 0,
    estimated: 0,
    baselineCostUsd: 0,
    savingsUsd: 0,
    fallbacks: 0,
    cached: 0,
    overheadMs: { mean: 0, p50: 0, p95: 0 },
  };
}

/** Starts of the whole units between two times. */
function startsOf(from: number, until: number, unit: 'day' | 'hour', zone: string): number[] {
  const starts: number[] = [];
  for (let { start, end } = periodOf(from, unit, zone); end <= until; { start, end } = periodOf(end, unit, zone)) {
    starts.push(start);
  }
  return starts;
}

/** Units from `now` to the end, the rest of the one that is running as a part. */
function unitsLeft(now: number, end: number, unit: 'day' | 'hour', zone: string): number {
  let left = 0;
  for (let at = now; at < end;) {
    const running = periodOf(at, unit, zone);
    left += (running.end - at) / (running.end - running.start);
    at = running.end;
  }
  return left;
}

async function projectionOf(
  store: Pick<Store, 'usage'>,
  period: UsagePeriod,
  filter: Omit<UsageFilter, 'since' | 'until' | 'by' | 'bucket'>,
  total: UsageRow,
  now: number,
): Promise<Projection | null> {
  const { zone = 'UTC' } = filter;
  const { start, end } = periodOf(now, PER[period], zone);
  const unit = period === 'today' ? 'hour' : 'day';
  const rows = await store.usage({ ...filter, since: start, until: now + 1, bucket: unit });
  const [before] = await store.usage({ ...filter, since: 0, until: start });
  const first = rows[0]?.start;
  if (first === undefined) return null;
  // A ledger that began within the period says nothing of the time before, nor of all of its first day.
  const from = before === undefined ? periodOf(first, unit, zone).end : start;
  const projection = project({
    spent: total.costUsd - total.reservedUsd,
    units: unitCosts(startsOf(from, now, unit, zone), rows),
    left: unitsLeft(now, end, unit, zone),
    unit,
  });
  if (projection === null) return null;
  const { usd, low, high } = projection;
  return { ...projection, usd: roundedUsd(usd), low: roundedUsd(low), high: roundedUsd(high) };
}

/** Reads usage, its total and its projection. */
export async function readReport(store: Pick<Store, 'usage'>, query: ReportQuery, now: number): Promise<UsageReport> {
  const { period, since: from, until: to, by, bucket, ...filter } = query;
  const zone = filter.zone ?? 'UTC';
  const since = period === undefined ? (from ?? now - DAY_MS) : periodOf(now, PER[period], zone).start;
  const until = period === undefined ? (to ?? now + 1) : now + 1;
  const window = { ...filter, since, until };
  const data = await store.usage({
    ...window,
    ...(by === undefined ? {} : { by }),
    ...(bucket === undefined ? {} : { bucket }),
  });
  const [total = noUsage(since)] = await store.usage(window);
  return {
    since,
    until,
    zone,
    data,
    total,
    projection: period === undefined ? null : await projectionOf(store, period, filter, total, now),
    savings: { method: SAVINGS_METHOD },
  };
}
