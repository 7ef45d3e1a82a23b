import type { Clock } from '../clock.ts';

/**
 * The one deadline of a request (`timeouts.total`), over all of its calls and take-overs. It stands still while an answer
 * flows, which only `timeouts.idle` limits.
 */
export interface Deadline {
  /** Whole milliseconds left, since timers count those; 0 or less when it is over. */
  remaining(): number;
  /** An answer flows. */
  stands(): void;
  /** It broke off: somebody has to go on with it. */
  runs(): void;
}

/** A deadline `total` milliseconds after the clock read `started`. */
export function createDeadline(clock: Clock, started: number, total: number): Deadline {
  let end = started + total;
  let stopped: number | undefined;
  return {
    remaining: () => Math.floor(end - (stopped ?? clock.elapsed())),
    stands: () => void (stopped ??= clock.elapsed()),
    runs() {
      if (stopped === undefined) return;
      end += clock.elapsed() - stopped;
      stopped = undefined;
    },
  };
}
