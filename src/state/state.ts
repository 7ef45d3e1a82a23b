/** A rate: `max` units per `per` milliseconds. */
export interface Limit {
  readonly max: number;
  readonly per: number;
}

/** The right to use what was taken. */
export interface Lease {
  readonly granted: boolean;
  /** Milliseconds until it may be granted; 0 when it is. */
  readonly retryAfter: number;
  /** Gives back what was not used. */
  release(unused: number): void;
}

/** One shared value. */
export interface Cell<T> {
  get(): T | undefined;
  set(value: T, ttl?: number): void;
  /** Atomic read-modify-write. */
  update(change: (value: T | undefined) => T): T;
}

/** What requests share: counters, breakers, leases, sessions, topics. Memory here; the primary process or Redis later. */
export interface State {
  take(key: string, n: number, limit: Limit): Promise<Lease>;
  cell<T>(key: string): Cell<T>;
  publish(topic: string, message: unknown): void;
  /** Ends when `signal` aborts; a slow reader loses the oldest messages, never memory. */
  subscribe(topic: string, signal: AbortSignal): AsyncIterable<unknown>;
  close(): Promise<void>;
}
