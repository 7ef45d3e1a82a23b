/** A stretch of the calendar. */
export type Period = 'hour' | 'day' | 'week' | 'month';

/** From `start` up to, and without, `end`; epoch milliseconds. */
export interface Stretch {
  readonly start: number;
  readonly end: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formats.set(zone, format);
  }
  return format;
}

/** Whether this is a time zone of the IANA database, such as `Europe/Berlin`. */
export function isZone(zone: string): boolean {
  try {
    formatOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** What a clock on the wall shows, as if it were UTC, epoch milliseconds. */
function wallOf(at: number, zone: string): number {
  if (zone === 'UTC') return at;
  const part: Record<string, number> = {};
  for (const { type, value } of formatOf(zone).formatToParts(at)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((at % 1000) + 1000) % 1000);
}

/**
 * When the clock on the wall first shows this; where it leaps over it, when it does.
 *
 * @param wall What it shows, as if it were UTC, epoch milliseconds.
 */
export function instantOf(wall: number, zone: string): number {
  if (zone === 'UTC') return wall;
  const offsets = [wall - DAY_MS, wall + DAY_MS].map((at) => wallOf(at, zone) - at);
  const early = wall - Math.max(...offsets);
  return wallOf(early, zone) === wall ? early : wall - Math.min(...offsets);
}

function wallStretch(wall: number, per: Exclude<Period, 'hour'>): Stretch {
  const date = new Date(wall);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  if (per === 'month') return { start: Date.UTC(year, month), end: Date.UTC(year, month + 1) };
  if (per === 'day') return { start: Date.UTC(year, month, day), end: Date.UTC(year, month, day + 1) };
  // ISO 8601: a week begins on Monday.
  const since = (date.getUTCDay() + 6) % 7;
  return { start: Date.UTC(year, month, day - since), end: Date.UTC(year, month, day - since + 7) };
}

/**
 * The hour, day, week (from Monday) or month that `at` lies in, as a calendar in `zone` has it: a day may have 23 or 25
 * hours.
 *
 * @param at Epoch milliseconds.
 * @param zone IANA name, such as `Europe/Berlin`.
 */
export function periodOf(at: number, per: Period, zone: string): Stretch {
  const wall = wallOf(at, zone);
  if (per === 'hour') {
    const start = at - (((wall % HOUR_MS) + HOUR_MS) % HOUR_MS);
    return { start, end: start + HOUR_MS };
  }
  const { start, end } = wallStretch(wall, per);
  return { start: instantOf(start, zone), end: instantOf(end, zone) };
}
