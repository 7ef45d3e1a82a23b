import { sql, type Kysely } from 'kysely';
import { periodOf } from '../calendar.ts';
import { isObject } from '../protocol/guards.ts';
import { roundedMs } from '../rounded.ts';
import { usdOf } from './money.ts';
import { OVERHEAD_BOUNDS_US, overheadQuantile } from './histogram.ts';
import { HOUR_MS, hourOf, OVERHEAD_COLUMNS, SUMS, type SumColumn } from './rollup.ts';
import type { LedgerSchema } from './schema.ts';
import type { UsageFilter, UsageRow } from './store.ts';

/** Sums as a query gives them: of one time unit and one group. */
interface Part {
  readonly start: bigint;
  readonly label: string;
  readonly sums: Readonly<Record<string, bigint>>;
}

type Sums = Record<SumColumn, bigint> & { readonly overhead: number[] };

type By = NonNullable<UsageFilter['by']>;

/** Columns that both tables have; `user` and `tag` are only in the requests. */
const ROLLED: Partial<Record<By, 'model' | 'provider' | 'role' | 'key_id'>> = {
  model: 'model',
  provider: 'provider',
  role: 'role',
  key: 'key_id',
};

const MINUTE_MS = 60_000;
/** Every zone's clock is a multiple of it away from UTC. */
const QUARTER_MS = 15 * MINUTE_MS;
const HALF_YEAR_MS = 182 * 24 * HOUR_MS;

/** When the bucket of a time begins; remembered, since many rows have the same time. */
function bucketStarts({ bucket, since, zone = 'UTC' }: UsageFilter): (at: number) => number {
  if (bucket === undefined) return () => since;
  if (bucket === 'minute') return (at) => at - (at % MINUTE_MS);
  const starts = new Map<number, number>();
  return (at) => {
    let start = starts.get(at);
    if (start === undefined) {
      start = periodOf(at, bucket, zone).start;
      starts.set(at, start);
    }
    return start;
  };
}

/** Whether hours of UTC are hours of the zone, in summer and in winter. */
function hasWholeHours({ zone = 'UTC', until }: UsageFilter): boolean {
  return [until, until - HALF_YEAR_MS].every((at) => periodOf(at, 'hour', zone).start % HOUR_MS === 0);
}

/** A request counts under each of its tags. */
function labelsOf(label: string, by: By | undefined): string[] {
  if (by !== 'tag') return [label];
  if (label === '') return [''];
  const tags: unknown = JSON.parse(label);
  return isObject(tags) ? Object.entries(tags).map(([name, value]) => `${name}=${String(value)}`) : [''];
}

/** Integers come as `bigint`, as a number, or (sums in other databases) as text. */
export function whole(value: unknown): bigint {
  return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'string' ? BigInt(value) : 0n;
}

function partOf(row: Readonly<Record<string, unknown>>): Part {
  const sums = Object.fromEntries([...SUMS, ...OVERHEAD_COLUMNS].map((name) => [name, whole(row[name])]));
  return { start: whole(row['start']), label: typeof row['label'] === 'string' ? row['label'] : '', sums };
}

/** Whole hours, from the sums that are kept. */
async function fromRollup(db: Kysely<LedgerSchema>, filter: UsageFilter, from: number, to: number): Promise<Part[]> {
  const column = filter.by === undefined ? undefined : ROLLED[filter.by];
  const label = column === undefined ? sql<string>`''` : sql<string>`${sql.ref(column)}`;
  const sums = [...SUMS, ...OVERHEAD_COLUMNS].map((name) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`);
  const start = filter.bucket === undefined ? sql<bigint>`0` : sql<bigint>`hour`;
  const { rows } = await sql<Record<string, unknown>>`
    select ${start} as start, ${label} as label, ${sql.join(sums)} from usage_hourly
    where hour >= ${from} and hour < ${to} ${filter.key === undefined ? sql`` : sql`and key_id = ${filter.key}`}
    group by 1, 2`.execute(db);
  return rows.map(partOf);
}

const when = (condition: string) => sql.raw(`sum(case when ${condition} then 1 else 0 end)`);

const REQUEST_SUMS: Readonly<Record<SumColumn, ReturnType<typeof when>>> = {
  requests: sql.raw('count(*)'),
  failed: when(`status = 'failed'`),
  cancelled: when(`status = 'cancelled'`),
  interrupted: when(`status = 'interrupted'`),
  input_tokens: sql.raw('sum(coalesce(input_tokens, 0))'),
  output_tokens: sql.raw('sum(coalesce(output_tokens, 0))'),
  cost_nano: sql.raw('sum(coalesce(cost_nano, 0))'),
  reserved_nano: sql.raw(`sum(case when status = 'interrupted' then coalesce(cost_nano, 0) else 0 end)`),
  unpriced: sql.raw('sum(unpriced)'),
  estimated: sql.raw('sum(coalesce(estimated, 0))'),
  baseline_nano: sql.raw('sum(coalesce(baseline_nano, 0))'),
  savings_nano: sql.raw('sum(coalesce(baseline_nano - cost_nano, 0))'),
  fallbacks: sql.raw('sum(fallback)'),
  cached: sql.raw('sum(cached)'),
  overhead_us: sql.raw('sum(coalesce(overhead_us, 0))'),
};

function overheadSums() {
  return OVERHEAD_COLUMNS.map((name, index) => {
    const above = OVERHEAD_BOUNDS_US[index - 1] ?? -1;
    const bound = OVERHEAD_BOUNDS_US[index];
    const condition =
      bound === undefined ? `overhead_us > ${above}` : `overhead_us > ${above} and overhead_us <= ${bound}`;
    return sql`${when(condition)} as ${sql.ref(name)}`;
  });
}

const REQUEST_LABEL: Readonly<Record<By, string>> = {
  model: 'model',
  provider: 'provider',
  role: 'role',
  key: 'key_id',
  user: 'user_id',
  tag: 'tags',
};

/** Any stretch of time, from the requests themselves. */
async function fromRequests(db: Kysely<LedgerSchema>, filter: UsageFilter, from: number, to: number): Promise<Part[]> {
  if (from >= to) return [];
  const unit = filter.bucket === 'minute' ? MINUTE_MS : hasWholeHours(filter) ? HOUR_MS : QUARTER_MS;
  const start = filter.bucket === undefined ? sql<bigint>`0` : sql<bigint>`at - at % ${sql.lit(unit)}`;
  const label =
    filter.by === undefined ? sql<string>`''` : sql<string>`coalesce(${sql.ref(REQUEST_LABEL[filter.by])}, '')`;
  const sums = [...SUMS.map((name) => sql`${REQUEST_SUMS[name]} as ${sql.ref(name)}`), ...overheadSums()];
  const { rows } = await sql<Record<string, unknown>>`
    select ${start} as start, ${label} as label, ${sql.join(sums)} from requests
    where intent_seen = 1 and status is not null and at >= ${from} and at < ${to}
      ${filter.key === undefined ? sql`` : sql`and key_id = ${filter.key}`}
    group by 1, 2`.execute(db);
  return rows.map(partOf);
}

function emptySums(): Sums {
  const sums = Object.fromEntries(SUMS.map((name) => [name, 0n])) as Record<SumColumn, bigint>;
  return { ...sums, overhead: OVERHEAD_COLUMNS.map(() => 0) };
}

function rowOf(start: number, group: string, sums: Sums): UsageRow {
  const measured = sums.overhead.reduce((total, count) => total + count, 0);
  return {
    start,
    group,
    requests: Number(sums.requests),
    failed: Number(sums.failed),
    cancelled: Number(sums.cancelled),
    interrupted: Number(sums.interrupted),
    inputTokens: Number(sums.input_tokens),
    outputTokens: Number(sums.output_tokens),
    costUsd: usdOf(sums.cost_nano),
    reservedUsd: usdOf(sums.reserved_nano),
    unpriced: Number(sums.unpriced),
    estimated: Number(sums.estimated),
    baselineCostUsd: usdOf(sums.baseline_nano),
    savingsUsd: usdOf(sums.savings_nano),
    fallbacks: Number(sums.fallbacks),
    cached: Number(sums.cached),
    overheadMs: {
      mean: measured === 0 ? 0 : roundedMs(Number(sums.overhead_us) / measured / 1000),
      p50: roundedMs(overheadQuantile(sums.overhead, 0.5)),
      p95: roundedMs(overheadQuantile(sums.overhead, 0.95)),
    },
  };
}

/** Adds parts up by bucket and group; oldest bucket first, then the dearest group. */
function gather(parts: readonly Part[], filter: UsageFilter): UsageRow[] {
  const found = new Map<string, { readonly start: number; readonly group: string; readonly sums: Sums }>();
  const bucketStart = bucketStarts(filter);
  for (const part of parts) {
    const start = bucketStart(Number(part.start));
    for (const group of labelsOf(part.label, filter.by)) {
      const id = JSON.stringify([start, group]);
      const entry = found.get(id) ?? { start, group, sums: emptySums() };
      found.set(id, entry);
      for (const name of SUMS) entry.sums[name] += part.sums[name] ?? 0n;
      for (const [i, name] of OVERHEAD_COLUMNS.entries()) {
        entry.sums.overhead[i] = (entry.sums.overhead[i] ?? 0) + Number(part.sums[name] ?? 0n);
      }
    }
  }
  return [...found.values()]
    .map(({ start, group, sums }) => rowOf(start, group, sums))
    .filter((row) => row.requests > 0)
    .sort((a, b) => a.start - b.start || b.costUsd - a.costUsd || (a.group < b.group ? -1 : 1));
}

/** From when on every request is still there, whole hours: what is older was pruned, or may have been. */
async function keptSince(db: Kysely<LedgerSchema>): Promise<number> {
  const oldest = await db.selectFrom('requests').select('at').orderBy('at').limit(1).executeTakeFirst();
  return oldest === undefined ? Number.POSITIVE_INFINITY : hourOf(Number(oldest.at)) + HOUR_MS;
}

/**
 * Whole hours come from the hourly sums, the ends of the window and what those do not know from the requests: users,
 * tags, and buckets of a zone whose hours are not those of UTC, as long as the requests are kept.
 */
export async function readUsage(db: Kysely<LedgerSchema>, filter: UsageFilter, now: number): Promise<UsageRow[]> {
  const { since, by, bucket } = filter;
  // Nothing is later than now, so that an hour that has begun is whole when the window reaches beyond now.
  const until = filter.until > now ? hourOf(now) + HOUR_MS : filter.until;
  const rolled = bucket !== 'minute' && (by === undefined || ROLLED[by] !== undefined);
  if (!rolled) return gather(await fromRequests(db, filter, since, until), filter);
  const from = Math.ceil(since / HOUR_MS) * HOUR_MS;
  const last = hourOf(until);
  const to = bucket === undefined || hasWholeHours(filter) ? last : Math.min(last, Math.max(from, await keptSince(db)));
  if (from >= to) return gather(await fromRequests(db, filter, since, until), filter);
  const parts = [
    await fromRequests(db, filter, since, from),
    await fromRollup(db, filter, from, to),
    await fromRequests(db, filter, to, until),
  ];
  return gather(parts.flat(), filter);
}
