import type { Feedback, Intent, Outcome } from './record.ts';

/** The append-only log that makes a request unforgettable. Writes are on disk (page cache) when a call returns. */
export interface Journal {
  /** Before the upstream call. */
  intend(record: Intent): void;
  /** Before the answer ends. */
  settle(record: Outcome): void;
  /**
   * The same for whoever can wait for the end of this turn of the event loop: all records of a turn share one write.
   * Resolves when they are on disk (page cache) as after `intend` and `settle`; never rejects.
   */
  grouped(record: Intent | Outcome): Promise<void>;
  /** A score for an earlier decision. */
  score(record: Feedback): void;
  /** Null while writes succeed; else what is wrong and since when (records wait in memory meanwhile). */
  readonly trouble: {
    readonly message: string;
    readonly since: number;
    readonly waiting: number;
    readonly lost: number;
  } | null;
  /** Flushes to the disk and closes. */
  close(): Promise<void>;
}
