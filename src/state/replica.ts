import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { createCells } from './cells.ts';
import type { Cell } from './state.ts';

/** Between two batches of writes, milliseconds; the first write after a pause goes at once. */
const FLUSH_MS = 20;
/** Writes that wait for the others to be reachable again; the oldest are dropped beyond it. */
const MAX_WAITING = 10_000;
/** Keys of which is known that nothing can be newer than what is here. */
const MAX_FRESH = 100_000;

/** A cell that was written: its value, and how long it stays, milliseconds. */
export type Entry = readonly [key: string, value: unknown, ttl?: number | undefined];

/** Where the other processes are. */
export interface Peers {
  /** Tells them all, this process included, in one order for everybody. False = try again later. */
  send(entries: readonly Entry[]): boolean;
  /** What is written under these keys; a key without a value is left out. */
  fetch(keys: readonly string[]): Promise<readonly Entry[]>;
}

/** Cells of which every process has a copy. The last write in the order that all see is the one that stays. */
export interface Replica {
  cell<T>(key: string): Cell<T>;
  names(prefix: string): readonly string[];
  load(keys: readonly string[]): Promise<void> | undefined;
  watch(prefix: string, changed: Changed): void;
  /** Takes what was sent by anyone; `own` when it was this process. */
  receive(entries: readonly Entry[], own: boolean): void;
  /** Something may have been missed: whatever matters is to be loaded again, and what was not sent is. */
  resume(): void;
  close(): void;
}

/** Told of a cell that another process wrote, and for how long it stays, milliseconds. */
export type Changed = (key: string, ttl?: number) => void;

/** Makes a {@link Replica}. */
export function createReplica(clock: Clock, peers: Peers): Replica {
  const waiting = new Map<string, Entry>();
  /** Own writes that have not come back in the common order: whatever comes before they do is older. */
  const unheard = new Map<string, number>();
  const fresh = new LRUCache<string, true>({ maxSize: MAX_FRESH, sizeCalculation: () => 1 });
  /** Watched keys that were ever seen: they are loaded again when something may have been missed. */
  const followed = new Set<string>();
  const watchers: { readonly prefix: string; readonly changed: Changed }[] = [];
  /** What arrives while something is fetched is newer than what the fetch brings. */
  const fetching = new Set<Set<string>>();
  let timer: NodeJS.Timeout | undefined;
  let flushed = Number.NEGATIVE_INFINITY;

  const written = (key: string, value: unknown, ttl: number | undefined): void => {
    waiting.delete(key);
    waiting.set(key, [key, value, ttl]);
    fresh.set(key, true);
    if (waiting.size > MAX_WAITING) {
      const [oldest = ''] = waiting.keys();
      waiting.delete(oldest);
    }
    schedule();
  };
  const cells = createCells(clock, written);

  const flush = (): void => {
    timer = undefined;
    flushed = performance.now();
    if (waiting.size === 0) return;
    const entries = [...waiting.values()];
    if (!peers.send(entries)) return;
    waiting.clear();
    for (const [key] of entries) unheard.set(key, (unheard.get(key) ?? 0) + 1);
  };
  const schedule = (): void => {
    if (timer !== undefined) return;
    timer = setTimeout(flush, Math.max(0, flushed + FLUSH_MS - performance.now()));
  };

  const watchersOf = (key: string) => watchers.filter(({ prefix }) => key.startsWith(prefix));
  const put = ([key, value, ttl]: Entry): void => {
    cells.put(key, value, ttl);
    const told = watchersOf(key);
    if (told.length > 0) followed.add(key);
    for (const { changed } of told) changed(key, ttl);
  };
  const isOlder = (key: string): boolean => unheard.has(key) || waiting.has(key);

  const fetch = async (keys: readonly string[]): Promise<void> => {
    const newer = new Set<string>();
    fetching.add(newer);
    try {
      const entries = await peers.fetch(keys);
      for (const key of keys) fresh.set(key, true);
      for (const entry of entries) if (!newer.has(entry[0]) && !isOlder(entry[0])) put(entry);
    } catch {
      // Then what is here must do.
    } finally {
      fetching.delete(newer);
    }
  };

  return {
    cell: cells.cell,
    names: cells.names,
    load(keys) {
      for (const key of keys) if (watchersOf(key).length > 0) followed.add(key);
      const unknown = keys.filter((key) => !fresh.has(key));
      return unknown.length === 0 ? undefined : fetch(unknown);
    },
    watch: (prefix, changed) => void watchers.push({ prefix, changed }),
    receive(entries, own) {
      for (const entry of entries) {
        const [key] = entry;
        if (own) {
          const left = (unheard.get(key) ?? 1) - 1;
          if (left === 0) unheard.delete(key);
          else unheard.set(key, left);
        } else if (!isOlder(key)) {
          fresh.set(key, true);
          for (const newer of fetching) newer.add(key);
          put(entry);
        }
      }
    },
    resume() {
      fresh.clear();
      unheard.clear();
      flush();
      if (followed.size > 0) void fetch([...followed].filter((key) => !waiting.has(key)));
    },
    close() {
      if (timer === undefined) return;
      clearTimeout(timer);
      flush();
    },
  };
}
