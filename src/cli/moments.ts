import { instantOf } from '../calendar.ts';
import { durationOf } from '../config/units.ts';

/** A date, or a time with its date. */
const WRITTEN = /^\d{4}-\d{2}-\d{2}(?:T.+)?$/;

/** Epoch milliseconds of `2026-11-01` (a midnight in `zone`) or `2026-11-01T10:00:00Z`; undefined for anything else. */
function dateOf(text: string, zone: string): number | undefined {
  const at = WRITTEN.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  return text.includes('T') ? at : instantOf(at, zone);
}

/** The same, or `7d` and the like before (`-1`) or after (`1`) `now`. */
export function momentIn(text: string, zone: string, now: number, direction: -1 | 1): number | undefined {
  const length = durationOf(text);
  return length === null ? dateOf(text, zone) : now + direction * length;
}
