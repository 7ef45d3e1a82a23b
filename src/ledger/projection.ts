import type { UsageRow } from './store.ts';

/** What a period will have cost at its end, if it goes on as it went. */
export interface Projection {
  /** USD of the whole period, what was spent included. */
  readonly usd: number;
  /** 95 % interval of it. */
  readonly low: number;
  readonly high: number;
  /** Whole units that it rests on. */
  readonly from: number;
  readonly method: string;
}

export interface ProjectionInput {
  /** USD from the period's start until now. */
  readonly spent: number;
  /** USD of each whole day (hour) so far, those without any included. */
  readonly units: readonly number[];
  /** What is left of the period, in days (hours); a part counts as such. */
  readonly left: number;
  readonly unit: 'day' | 'hour';
}

/** Two-sided 95 % quantiles of Student's t for 1, 2, … degrees of freedom. */
const T95 = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131, 2.12, 2.11,
  2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];

/**
 * The mean of the whole units so far for what is left, with the interval in which a sum of as many new ones falls
 * (Student's t: their own spread, and that of the mean). Null below two units: one says nothing of their spread.
 */
export function project({ spent, units, left, unit }: ProjectionInput): Projection | null {
  const n = units.length;
  if (n < 2) return null;
  const mean = units.reduce((sum, usd) => sum + usd, 0) / n;
  const variance = units.reduce((sum, usd) => sum + (usd - mean) ** 2, 0) / (n - 1);
  const half = (T95[n - 2] ?? 1.96) * Math.sqrt(variance * (left + left ** 2 / n));
  const usd = spent + mean * left;
  return {
    usd,
    low: Math.max(spent, usd - half),
    high: usd + half,
    from: n,
    method: `mean of the ${n} whole ${unit}s so far, 95 % interval by Student's t over them`,
  };
}

/** Costs of consecutive units from rows of those that have any; `starts` are when the units begin. */
export function unitCosts(starts: readonly number[], rows: readonly UsageRow[]): number[] {
  const costs = new Map(rows.map((row) => [row.start, row.costUsd - row.reservedUsd]));
  return starts.map((start) => costs.get(start) ?? 0);
}
