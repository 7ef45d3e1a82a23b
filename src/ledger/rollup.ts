import type { Insertable } from 'kysely';
import { addUp, createBulk, type Row } from './bulk.ts';
import { OVERHEAD_BUCKETS, overheadBucket } from './histogram.ts';
import type { UsageHourlyTable } from './schema.ts';
import type { RequestRow } from './to-rows.ts';

export const HOUR_MS = 3_600_000;

const KEY = ['hour', 'model', 'provider', 'role', 'key_id'] as const;

/** The columns that hold sums, histogram aside. */
export const SUMS = [
  'requests',
  'failed',
  'cancelled',
  'interrupted',
  'input_tokens',
  'output_tokens',
  'cost_nano',
  'reserved_nano',
  'unpriced',
  'estimated',
  'baseline_nano',
  'savings_nano',
  'fallbacks',
  'cached',
  'overhead_us',
] as const;
export type SumColumn = (typeof SUMS)[number];

/** The histogram's columns. */
export const OVERHEAD_COLUMNS = Array.from({ length: OVERHEAD_BUCKETS }, (_, index) => `overhead_${index}`);

type Rollup = Insertable<UsageHourlyTable>;

interface HourSums {
  readonly key: Pick<Rollup, (typeof KEY)[number]>;
  readonly sums: Record<SumColumn, bigint>;
  readonly overhead: bigint[];
}

/** Whether both halves of a request are known. */
export function isSettled(row: RequestRow): boolean {
  return Number(row.intent_seen) === 1 && row.status !== null && row.status !== undefined;
}

/** Start of the hour that `at` lies in. */
export function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

const big = (value: number | bigint | null | undefined): bigint => BigInt(value ?? 0);

/** What one settled request adds to the sums. */
function sumsOf(row: RequestRow): Record<SumColumn, bigint> {
  const { cost_nano: cost = null, baseline_nano: baseline = null } = row;
  return {
    requests: 1n,
    failed: row.status === 'failed' ? 1n : 0n,
    cancelled: row.status === 'cancelled' ? 1n : 0n,
    interrupted: row.status === 'interrupted' ? 1n : 0n,
    input_tokens: big(row.input_tokens),
    output_tokens: big(row.output_tokens),
    cost_nano: big(cost),
    reserved_nano: row.status === 'interrupted' ? big(cost) : 0n,
    unpriced: big(row.unpriced),
    estimated: big(row.estimated),
    baseline_nano: big(baseline),
    savings_nano: cost === null || baseline === null ? 0n : big(baseline) - big(cost),
    fallbacks: big(row.fallback),
    cached: big(row.cached),
    overhead_us: big(row.overhead_us),
  };
}

/** Changes to the hourly sums, gathered over a batch. */
export interface RollupChanges {
  add(row: RequestRow, sign: 1n | -1n): void;
  rows(): Row[];
}

export function createRollupChanges(): RollupChanges {
  const hours = new Map<string, HourSums>();
  const hourFor = (row: RequestRow): HourSums => {
    const key = {
      hour: hourOf(Number(row.at)),
      model: row.model ?? '',
      provider: row.provider ?? '',
      role: row.role ?? '',
      key_id: row.key_id ?? '',
    };
    const text = Object.values(key).join('\u0000');
    let found = hours.get(text);
    if (found === undefined) {
      const sums = { ...sumsOf(row) };
      for (const name of SUMS) sums[name] = 0n;
      found = { key, sums, overhead: OVERHEAD_COLUMNS.map(() => 0n) };
      hours.set(text, found);
    }
    return found;
  };
  return {
    add(row, sign) {
      const { sums, overhead } = hourFor(row);
      const more = sumsOf(row);
      for (const name of SUMS) sums[name] += sign * more[name];
      if (row.overhead_us === null || row.overhead_us === undefined) return;
      const bucket = overheadBucket(Number(row.overhead_us));
      overhead[bucket] = (overhead[bucket] ?? 0n) + sign;
    },
    // In one order, so that two writers of the same sums never wait for each other.
    rows: () =>
      [...hours]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { key, sums, overhead }]) => ({
          ...key,
          ...sums,
          ...Object.fromEntries(OVERHEAD_COLUMNS.map((name, index) => [name, overhead[index] ?? 0n])),
        })),
  };
}

const columns = [...SUMS, ...OVERHEAD_COLUMNS];

/** Adds changes to `usage_hourly`. */
export const createRollupBulk = () =>
  createBulk('usage_hourly', [...KEY, ...columns], addUp('usage_hourly', KEY, columns));
