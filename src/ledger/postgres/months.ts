import { firstIdAt, timeOfId } from '../../id.ts';

/** A calendar month in UTC, and the ids that are made in it. */
export interface Month {
  /** Such as `2026_11`: what its partitions are called after their table. */
  readonly name: string;
  /** Epoch milliseconds, exclusive. */
  readonly end: number;
  /** The least id of it, and the least id after it. */
  readonly from: string;
  readonly to: string;
}

/** No ledger is older: an id that says so was not made by a clock. */
const FIRST = Date.UTC(2024, 0);
/** How far a clock may be ahead. */
const AHEAD_MS = 40 * 86_400_000;

function monthFrom(year: number, index: number): Month {
  const start = new Date(Date.UTC(year, index));
  const end = Date.UTC(year, index + 1);
  const name = `${start.getUTCFullYear()}_${String(start.getUTCMonth() + 1).padStart(2, '0')}`;
  return { name, end, from: firstIdAt(start.getTime()), to: firstIdAt(end) };
}

/** The month that a time lies in, or the `later`-th after it. */
export function monthOf(at: number, later = 0): Month {
  const date = new Date(at);
  return monthFrom(date.getUTCFullYear(), date.getUTCMonth() + later);
}

/** The month that a partition's name means, if it does. */
export function parseMonth(name: string): Month | undefined {
  const [, year, month] = /_(\d{4})_(\d{2})$/.exec(name) ?? [];
  return year === undefined || month === undefined ? undefined : monthFrom(Number(year), Number(month) - 1);
}

/** The months of ids that were made by a clock, by name; whatever else there is has no month. */
export function monthsOf(ids: Iterable<string>, now: number): Map<string, Month> {
  const months = new Map<string, Month>();
  let last: Month | undefined;
  for (const id of ids) {
    // Nearly always the one before's.
    if (last !== undefined && id >= last.from && id < last.to) continue;
    const at = timeOfId(id);
    if (at === undefined || at < FIRST || at > now + AHEAD_MS) continue;
    last = monthOf(at);
    months.set(last.name, last);
  }
  return months;
}
