import type { Tier } from '../cache/tier.ts';

/** When a take is granted: with `all` of it there (the default), with `any` left, or `always`. What was not there is owed. */
export type Grant = 'all' | 'any' | 'always';

/** A rate: `max` units per `per` milliseconds, in a bucket that refills steadily. */
export interface Rate {
  readonly max: number;
  readonly per: number;
  readonly grant?: Grant;
}

/** A sum that may reach `max` until a time, epoch milliseconds; nothing comes back before it. */
export interface Quota {
  readonly max: number;
  readonly until: number;
  readonly grant?: Grant;
  /** Asked once, by whoever counts first: what was used before anyone counted here. */
  readonly used?: () => Promise<number>;
}

/** Units that are held at once; whose holder died come back after `ttl` milliseconds. */
export interface Parallel {
  readonly max: number;
  readonly ttl: number;
}

export type Limit = Rate | Quota | Parallel;

/** The right to use what was taken. */
export interface Lease {
  readonly granted: boolean;
  /** Milliseconds until it may be granted; 0 when it is. */
  readonly retryAfter: number;
  /** What is taken of the limit now, this included when it is granted. */
  readonly used: number;
  /** Gives back what was not used; a negative number takes what was used beyond it. Once: later calls do nothing. */
  release(unused: number): void;
}

/** One value that all processes share: each reads its own copy, and the newest write reaches the others soon. */
export interface Cell<T> {
  get(): T | undefined;
  /** `ttl` in milliseconds; left out, it stays until others crowd it out. */
  set(value: T, ttl?: number): void;
  /** Read-modify-write, atomic in this process. */
  update(change: (value: T | undefined) => T): T;
}

/** What requests share: counters, breakers, leases, sessions, topics. One process's memory, the primary process or Redis. */
export interface State {
  /**
   * Takes `n` units, counted once over all processes. Numbers are exact up to 2^53.
   * Never rejects: where the others cannot be asked, this process grants its own share of the limit.
   */
  take(key: string, n: number, limit: Limit): Promise<Lease>;
  cell<T>(key: string): Cell<T>;
  /** The names of cells that are here and begin like this. */
  names(prefix: string): readonly string[];
  /** Fetches what other processes wrote under these keys; undefined where nothing can be newer than what is here. */
  load(keys: readonly string[]): Promise<void> | undefined;
  /** Calls back when another process has written a cell whose key begins like this. */
  watch(prefix: string, changed: (key: string) => void): void;
  /** Reaches the readers in every process; messages are JSON values. */
  publish(topic: string, message: unknown): void;
  /** Ends when `signal` aborts; a slow reader loses the oldest messages, never memory. */
  subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown>;
  /** Kept answers, where this state has room for them: `cache.tier: redis`. */
  readonly answers?: Tier;
  /** Why limits are counted in this process alone; null while they are shared as they should be. */
  trouble(): string | null;
  close(): Promise<void>;
}
