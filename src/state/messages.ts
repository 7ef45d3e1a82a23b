import type { Entry } from './replica.ts';
import type { Lease, Parallel, Quota, Rate } from './state.ts';

/** A limit without what cannot be sent; `asks` when its taker knows what was used before. */
export type SentLimit = Rate | Parallel | (Omit<Quota, 'used'> & { readonly asks: boolean });

/** What a worker says to its primary. Ids are the worker's own. */
export type WorkerMessage =
  | { readonly say: 'take'; readonly id: number; readonly key: string; readonly n: number; readonly limit: SentLimit }
  | { readonly say: 'release'; readonly id: number; readonly unused: number }
  /** What was used of a quota before; null = nobody can tell now. */
  | { readonly say: 'used'; readonly id: number; readonly used: number | null }
  | { readonly say: 'write'; readonly entries: readonly Entry[] }
  | { readonly say: 'load'; readonly id: number; readonly keys: readonly string[] }
  | { readonly say: 'publish'; readonly topic: string; readonly message: unknown }
  | { readonly say: 'read'; readonly topic: string; readonly on: boolean };

/** What the primary says to a worker. */
export type PrimaryMessage =
  | ({ readonly say: 'lease'; readonly id: number } & Pick<Lease, 'granted' | 'retryAfter' | 'used'>)
  /** What was used of the quota of this take before anyone counted? */
  | { readonly say: 'asks'; readonly id: number }
  | { readonly say: 'cells'; readonly entries: readonly Entry[]; readonly own: boolean }
  | { readonly say: 'loaded'; readonly id: number; readonly entries: readonly Entry[] }
  | { readonly say: 'message'; readonly topic: string; readonly message: unknown }
  /** Topics that other workers read. */
  | { readonly say: 'wanted'; readonly topics: readonly string[] };
