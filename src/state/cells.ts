import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import type { Cell } from './state.ts';

/** Cells kept at once; the least recently used go first. */
const MAX_CELLS = 100_000;

interface Box {
  readonly value: unknown;
}

/** What is told of a write: the value, and how long it stays, milliseconds. */
export type Written = (key: string, value: unknown, ttl: number | undefined) => void;

/** The cells of one process. `written` is told of every write, so that others may learn of it. */
export interface Cells {
  cell<T>(key: string): Cell<T>;
  /** Writes what another process wrote, and tells nobody. */
  put(key: string, value: unknown, ttl?: number): void;
  /** Of those that are here and begin like this. */
  names(prefix: string): readonly string[];
  /** A cell with the milliseconds that it stays; nothing when there is none. */
  entry(key: string): (readonly [key: string, value: unknown, ttl?: number | undefined])[];
}

/** Makes {@link Cells}. */
export function createCells(clock: Clock, written: Written = () => {}): Cells {
  // As sizes of one: by `max` the cache makes room for all of them when it is created, 20 ms and 5 MB that few need.
  const boxes = new LRUCache<string, Box>({
    maxSize: MAX_CELLS,
    sizeCalculation: () => 1,
    perf: { now: () => clock.elapsed() },
    ttlResolution: 0,
  });
  const put = (key: string, value: unknown, ttl?: number) =>
    void boxes.set(key, { value }, ttl === undefined ? {} : { ttl });
  return {
    put,
    names: (prefix) => [...boxes.keys()].filter((key) => key.startsWith(prefix)),
    entry(key) {
      const box = boxes.get(key);
      if (box === undefined) return [];
      const left = boxes.getRemainingTTL(key);
      return [[key, box.value, Number.isFinite(left) ? left : undefined]];
    },
    cell<T>(key: string): Cell<T> {
      // Whoever asks for a key writes and reads one type under it: keys carry their owner's prefix.
      const get = () => boxes.get(key)?.value as T | undefined;
      const set = (value: T, ttl?: number) => {
        put(key, value, ttl);
        written(key, value, ttl);
      };
      return {
        get,
        set,
        update(change) {
          const next = change(get());
          set(next);
          return next;
        },
      };
    },
  };
}
