import type { Clock } from '../clock.ts';
import type { Consumer } from './consumer.ts';
import type { Recovery } from './recovery.ts';
import type { Store } from './store.ts';

/** How the store keeps up. */
export interface MoverStatus {
  readonly behindBytes: number;
  /** What keeps the store from taking records, since when; null while it takes them. */
  readonly trouble: { readonly message: string; readonly since: number } | null;
}

/** A mover in another process: the primary of this one. */
export interface OtherMover {
  readonly pid: number;
  flush(): Promise<boolean>;
  /** Calls back when its store does better or worse. */
  follow(told: (status: MoverStatus) => void): void;
}

/** Keeps a consumer going. */
export interface Mover {
  /** Moves what is there now. False when the store did not take all of it. */
  flush(): Promise<boolean>;
  /** Ends the loop, moves the rest and removes the own source. False when something stays in the journal for the next start. */
  close(): Promise<boolean>;
}

/** Between two looks at the journal, milliseconds: records show up about this late. */
const LOOK_MS = 100;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5000;
const PRUNE_EVERY_MS = 3_600_000;

export interface MoverOptions {
  readonly consumer: Consumer;
  readonly recovery: Recovery;
  readonly store: Store;
  readonly clock: Clock;
  /** Milliseconds that requests are kept. */
  readonly retention: number;
  /** Milliseconds that prompts are kept; left out: as long as requests. */
  readonly promptRetention?: number | undefined;
  readonly onStatus: (status: MoverStatus) => void;
}

/** Runs passes one after another, backs off while the store fails, prunes now and then. */
export function startMover(options: MoverOptions): Mover {
  const { consumer, recovery, store, clock, retention, promptRetention = retention, onStatus } = options;
  let trouble: MoverStatus['trouble'] = null;
  let retry = FIRST_RETRY_MS;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  // What is too old goes with the first pass too: a process may never live for an hour.
  let pruned = Number.NEGATIVE_INFINITY;
  let behindBytes = 0;
  let queue: Promise<unknown> = Promise.resolve();

  const tell = async () => {
    // A store in trouble is not asked how far it has come.
    behindBytes = await consumer.behind(trouble === null).catch(() => behindBytes);
    onStatus({ behindBytes, trouble });
  };

  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      trouble = null;
      retry = FIRST_RETRY_MS;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      trouble = { message, since: trouble?.since ?? clock.now() };
    }
    await tell();
    return trouble === null;
  };

  const prune = async () => {
    pruned = clock.elapsed();
    const now = clock.now();
    while ((await store.prune(now - retention, now - promptRetention)) > 0) continue;
  };

  const pass = async () => {
    while (await consumer.pass()) continue;
    await recovery.pass();
    if (clock.elapsed() - pruned >= PRUNE_EVERY_MS) await prune();
  };

  const inTurn = (work: () => Promise<unknown>): Promise<boolean> => {
    const done = queue.then(() => attempt(work));
    queue = done;
    return done;
  };

  const later = (ms: number) => {
    if (closed) return;
    timer = setTimeout(() => void tick(), ms);
    timer.unref();
  };

  const tick = async () => {
    const ok = await inTurn(pass);
    later(ok ? LOOK_MS : retry);
    if (!ok) retry = Math.min(retry * 2, LAST_RETRY_MS);
  };
  void tick();

  return {
    flush: () => inTurn(pass),
    async close() {
      closed = true;
      clearTimeout(timer);
      return inTurn(() => consumer.retire());
    },
  };
}
