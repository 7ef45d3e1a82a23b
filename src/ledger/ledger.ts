import { systemClock, type Clock, type Random } from '../clock.ts';
import type { Log } from '../telemetry/log.ts';
import { createConsumer } from './consumer.ts';
import { makeJournalFolder, openJournal, unwritable, type FileJournal, type JournalTrouble } from './journal-file.ts';
import type { Journal } from './journal.ts';
import { startMoverThread } from './mover-thread.ts';
import { startMover, type Mover, type MoverStatus, type OtherMover } from './mover.ts';
import { openStore, shownUrl } from './open-store.ts';
import { createRecovery } from './recovery.ts';
import { claimSource, HEARTBEAT_MS, type Source } from './source.ts';
import type { Store } from './store.ts';

/** How long the store's records may stay in the journal, too, milliseconds: what is not to be kept is not to stay there. */
const RENEW_MS = 3_600_000;

/** How the ledger is. */
export interface LedgerStatus {
  /** The store's driver. */
  readonly driver: string;
  /** Bytes of journal that the store does not have yet. */
  readonly behindBytes: number;
  /** Why the store does not take records; null while it does. */
  readonly trouble: string | null;
  /** Why the journal does not take records; null while it does. */
  readonly journalTrouble: string | null;
  /** Records that wait in memory because the disk refuses them. */
  readonly waiting: number;
  /** Records that could not be kept since the start. */
  readonly lost: number;
}

/** Journal and store together: requests write the first, everyone reads the second. */
export interface Ledger {
  readonly journal: Journal;
  readonly store: Store;
  /** Moves into the store what the journal holds now. False when the store did not take all of it. */
  flush(): Promise<boolean>;
  /** Goes on in a new file of the journal: the one before is deleted once the store has it. */
  renew(): void;
  status(): LedgerStatus;
  /** Flushes and closes. False when the store did not take everything: that stays in the journal for the next start. */
  close(): Promise<boolean>;
}

export interface LedgerOptions {
  /** `file:<path>`, `memory:` or `postgres://…`. */
  readonly url: string;
  /** The journal's folder. */
  readonly journal: string;
  /** Bytes. */
  readonly journalCap: number;
  /** Milliseconds that requests are kept; sums stay. */
  readonly retention: number;
  /** The same of prompts; left out: as long. */
  readonly promptRetention?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Moves records in a thread of its own; needs the compiled package and a file. */
  readonly thread: boolean;
  /** Who moves the records instead of this process. */
  readonly mover?: OtherMover | undefined;
}

function claim(dir: string, options: LedgerOptions): Source {
  makeJournalFolder(dir);
  try {
    return claimSource(dir, { ...options, mover: options.mover?.pid });
  } catch (cause) {
    throw unwritable(dir, cause);
  }
}

const describe = (trouble: JournalTrouble): string =>
  `${trouble.message} (${trouble.waiting} records wait in memory, ${trouble.lost} lost)`;

/** Threads load compiled files only, and SQLite's memory belongs to one thread. */
function canThread({ thread, url, clock }: LedgerOptions): boolean {
  return thread && url !== 'memory:' && clock === systemClock && import.meta.url.endsWith('.js');
}

/**
 * Opens the journal and the store and starts to move records from one to the other. Journals of processes that died
 * are taken over: what they had in flight becomes `interrupted`.
 * @throws `storage_unavailable`
 */
export async function openLedger(options: LedgerOptions): Promise<Ledger> {
  const { url, journal: dir, journalCap: cap, retention, promptRetention, clock, log } = options;
  const shown = shownUrl(url);
  let status: MoverStatus = { behindBytes: 0, trouble: null };
  const onStatus = (next: MoverStatus) => {
    if (next.trouble !== null && status.trouble === null) {
      log.error({ url: shown, why: next.trouble.message }, 'the store takes no records; the journal keeps them');
    } else if (next.trouble === null && status.trouble !== null) {
      log.info({ url: shown }, 'the store takes records again');
    }
    status = next;
  };
  const store = await openStore(url, {
    clock,
    onOutOfReach: ({ message }) => onStatus({ behindBytes: 0, trouble: { message, since: clock.now() } }),
  });
  let source: Source | undefined;
  let journal: FileJournal;
  try {
    source = claim(dir, options);
    journal = openJournal({
      dir,
      source: source.name,
      clock,
      cap,
      onTrouble(trouble) {
        if (trouble === null) log.info({ dir }, 'the journal takes records again');
        else log.error({ dir, ...trouble }, 'the journal cannot be written; records wait in memory');
      },
    });
  } catch (error) {
    source?.release();
    await store.close();
    throw error;
  }
  const events = {
    onStatus,
    onSkipped: (segment: string, lines: number) =>
      log.warn({ segment, lines }, 'damaged lines in the journal were skipped'),
    onRecovered: (from: string, interrupted: number) =>
      log.warn({ source: from, interrupted }, 'a process died with requests in flight; they are booked as interrupted'),
  };
  const own = source.name;
  options.mover?.follow(onStatus);
  const mover: Mover = options.mover
    ? { flush: options.mover.flush, close: async () => true }
    : canThread(options)
      ? startMoverThread({ url, dir, own, retention, promptRetention }, { ...events, now: () => clock.now() })
      : startMover({
          consumer: createConsumer({ dir, own, store, clock, ...events }),
          recovery: createRecovery({ dir, own, store, clock, ...events }),
          store,
          clock,
          retention,
          promptRetention,
          ...events,
        });
  let renewed = clock.elapsed();
  const heartbeat = setInterval(() => {
    source.beat();
    journal.check();
    if (clock.elapsed() - renewed < RENEW_MS) return;
    renewed = clock.elapsed();
    journal.renew();
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    journal,
    store,
    flush: () => mover.flush(),
    renew: () => journal.renew(),
    status: () => ({
      driver: store.driver,
      behindBytes: status.behindBytes,
      trouble: status.trouble?.message ?? null,
      journalTrouble: journal.trouble === null ? null : describe(journal.trouble),
      waiting: journal.trouble?.waiting ?? 0,
      lost: journal.lost,
    }),
    async close() {
      clearInterval(heartbeat);
      await journal.close();
      const complete = await mover.close();
      if (!complete) log.warn({ dir }, 'the store did not take everything; the journal keeps it for the next start');
      source.release();
      await store.close();
      return complete;
    },
  };
}
