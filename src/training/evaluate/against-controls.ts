import { differenceInterval, type Interval } from './bootstrap.ts';
import type { Judged } from './judge.ts';

/** A number of a contender, and what the resamples made of it. */
export interface Measured {
  readonly value: number | null;
  readonly draws: Float64Array | undefined;
}

/** By control. */
export type Differences = Readonly<Record<string, { readonly difference: number; readonly ci: Interval | null }>>;

/** Paired differences of a router to each control but the oracle; empty for controls. */
export function againstControls(
  own: Judged,
  all: readonly Judged[],
  measure: (judged: Judged) => Measured,
): Differences {
  const mine = measure(own);
  if (own.control || mine.value === null || mine.draws === undefined) return {};
  const found: Record<string, Differences[string]> = {};
  for (const control of all) {
    if (!control.control || control.name === 'oracle') continue;
    const other = measure(control);
    if (other.value === null || other.draws === undefined) continue;
    found[control.name] = {
      difference: mine.value - other.value,
      ci: differenceInterval(mine.draws, other.draws),
    };
  }
  return found;
}
