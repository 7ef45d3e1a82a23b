import type { Clock } from '../clock.ts';
import type { KeyConfig } from '../config/schema.ts';
import type { State } from '../state/state.ts';
import type { Log } from '../telemetry/log.ts';
import type { KeyStore, StoredKey } from './key-store.ts';
import { createKeyring, settledKeys, takenNames, type Keyring, type KnownKey } from './keyring.ts';

/** What processes tell each other when keys have changed. */
const TOPIC = 'keys';
/** How often changes of other processes are looked for, milliseconds. */
const POLL_MS = 5000;
/** How long the store may take, milliseconds. */
const DEADLINE_MS = 2000;

export interface KeyBookOptions {
  readonly configured: readonly KeyConfig[];
  /** Of the environment. */
  readonly adminKey?: string | undefined;
  readonly store: KeyStore;
  readonly state: Pick<State, 'publish' | 'subscribe'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly pollMs?: number | undefined;
}

/** Every key, in memory: a request is let in, or not, without asking the store. */
export interface KeyBook extends Keyring {
  /** Whether a key that is not found is none: false while the store cannot be read. */
  readonly certain: boolean;
  /** Until the store was asked for the first time. */
  readonly pending: Promise<void> | undefined;
  readonly settled: readonly KnownKey[];
  /** As last read. */
  readonly stored: readonly StoredKey[];
  /** Names that stored keys may not have. */
  readonly taken: ReadonlySet<string>;
  readonly store: KeyStore;
  /** Reads the store for the first time, and follows it from then on. */
  start(): Promise<void>;
  /** Reads what was changed elsewhere. */
  refresh(): Promise<void>;
  /** Reads what was changed here, and tells the others. */
  changed(): Promise<void>;
  close(): void;
}

function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/**
 * The keys of configuration, environment and store.
 * @throws `config_invalid` when the environment's is no key.
 */
export function createKeyBook(options: KeyBookOptions): KeyBook {
  const { store, state, log, pollMs = POLL_MS } = options;
  const settled = settledKeys(options.configured, options.adminKey);
  const taken = takenNames(settled);
  const closing = new AbortController();
  let stored: readonly StoredKey[] = [];
  let ring = createKeyring(settled, stored);
  let seen: number | undefined;
  let trouble: string | undefined;
  let reading: Promise<void> | undefined;
  let first: Promise<void> | undefined;
  let asked = false;
  let turns = 0;
  let latest = 0;

  const take = (keys: readonly StoredKey[]): void => {
    stored = keys;
    ring = createKeyring(settled, keys);
    for (const { name } of keys) {
      if (taken.has(name)) log.warn({ key: name }, 'a stored key is not in effect: auth.keys has one of that name');
    }
  };
  const read = async (): Promise<void> => {
    const turn = ++turns;
    // Before the keys: what changes meanwhile is read again.
    const revision = await store.revision();
    if (revision === seen) return;
    const keys = await store.list();
    // One that was given up as too slow may come after a newer one.
    if (turn < latest) return;
    latest = turn;
    take(keys);
    seen = revision;
  };
  const tryRead = async (): Promise<void> => {
    if (closing.signal.aborted) return;
    try {
      await within(read(), DEADLINE_MS);
      if (trouble !== undefined) log.info({}, 'stored keys can be read again');
      trouble = undefined;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (trouble === undefined) log.error({ why }, 'stored keys cannot be read: those known so far stay in effect');
      trouble = why;
    } finally {
      asked = true;
    }
  };
  const refresh = (): Promise<void> => {
    const next = (reading ?? Promise.resolve()).then(tryRead).finally(() => {
      if (reading === next) reading = undefined;
    });
    reading = next;
    return next;
  };
  const follow = async (): Promise<void> => {
    for await (const _change of state.subscribe(TOPIC, closing.signal)) await refresh();
  };
  const start = (): Promise<void> => {
    if (first !== undefined) return first;
    first = refresh();
    const timer = setInterval(() => {
      // A store that does not answer is not asked twice.
      if (reading === undefined) void refresh();
    }, pollMs);
    timer.unref();
    closing.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    void follow();
    return first;
  };

  return {
    find: (presented) => ring.find(presented),
    byDigest: (digest) => ring.byDigest(digest),
    get certain() {
      return asked && trouble === undefined;
    },
    get pending() {
      return asked ? undefined : start();
    },
    settled,
    get stored() {
      return stored;
    },
    taken,
    store,
    start,
    refresh,
    async changed() {
      await refresh();
      state.publish(TOPIC, {});
    },
    close: () => closing.abort(),
  };
}
