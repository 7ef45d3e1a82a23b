/** The time, passed in so that tests and replays can own it. */
export interface Clock {
  /** Milliseconds since 1970, whole. */
  now(): number;
  /** Milliseconds since an arbitrary start, never going back; for durations. */
  elapsed(): number;
}

/** A source of numbers in [0, 1), passed in so that tests and replays can own it. */
export type Random = () => number;

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now(), elapsed: () => performance.now() };

/** The ISO date of a time in milliseconds since 1970, in UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
