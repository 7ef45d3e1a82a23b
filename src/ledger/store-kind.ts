import type { Clock } from '../clock.ts';
import type { Store } from './store.ts';

export interface OpenStoreOptions {
  readonly clock: Clock;
  /** How long a write waits for another process's lock on a file, milliseconds; the thread waits with it. */
  readonly busyTimeout?: number;
  /**
   * For whom a store that cannot be reached is no reason to stop: called when it is so at once, and the store then connects
   * when it is next asked. Left out, opening fails.
   */
  readonly onOutOfReach?: (error: Error) => void;
  /** Connects only when something is asked, for whoever knows already that the configuration is right. */
  readonly later?: boolean;
}

/** A kind of store: what `storage.url` names it, and how it is opened. */
export interface StoreKind {
  readonly name: string;
  /** What its URLs look like, for messages. */
  readonly form: string;
  takes(url: string): boolean;
  /** A URL as it may be told: without passwords. */
  shown(url: string): string;
  /**
   * Opens the store and brings it to this version's schema.
   * @throws `storage_unavailable` or `config_invalid` with what is wrong and what to do
   */
  open(url: string, options: OpenStoreOptions): Promise<Store>;
}
