import type { RawBuilder } from 'kysely';

/** In what the databases differ under the same queries. */
export interface SqlTraits {
  readonly driver: string;
  /** Whether processes on other machines use it too. */
  readonly shared: boolean;
  /** The time by which sources are judged, epoch milliseconds: the database's own where several machines write. */
  readonly now: () => RawBuilder<number | bigint>;
  /** Whether a batch locks the rows that it reads to change them; needless where one writer is let in at a time. */
  readonly locksRows: boolean;
  /** Whether the same batch may succeed when it is tried again at once: another writer was in its way. */
  readonly isConflict: (error: unknown) => boolean;
  /** Makes room for rows with these ids. Never throws: rows have a place without it. */
  readonly makeRoom?: (ids: Iterable<string>) => Promise<void>;
  /** Takes what was deleted out of the database's own files, as far as that can be done now. */
  readonly scrub?: () => Promise<void>;
  /** Lets whole stretches of rows from before `before` go at once; returns about how many rows went. */
  readonly dropBefore?: (before: number) => Promise<number>;
}
