import type { Clock } from '../clock.ts';
import { listSegments } from './segment.ts';
import { movesFor } from './source.ts';
import type { Store } from './store.ts';

/** How often a source says in a shared store that it lives, milliseconds. */
const BEAT_MS = 10_000;
/** How often it looks for others that do not, milliseconds. */
const LOOK_MS = 30_000;
/** After this long without a word a source is taken for dead, milliseconds. */
const SILENCE_MS = 120_000;

export interface RecoveryOptions {
  /** The journal's folder. */
  readonly dir: string;
  /** The source that this process writes. */
  readonly own: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly onRecovered: (source: string, interrupted: number) => void;
}

/** Books what processes on lost machines had in flight. Does nothing where a store is one machine's. */
export interface Recovery {
  /** Does what is due. Throws what the store throws. */
  pass(): Promise<void>;
}

/**
 * Recovery by word of the store, for processes whose journal nobody here can read. One that was only cut off from the store
 * loses nothing by it: what it had in flight gets its true outcome when it is back.
 */
export function createRecovery({ dir, own, store, clock, onRecovered }: RecoveryOptions): Recovery {
  let beaten = Number.NEGATIVE_INFINITY;
  let looked = Number.NEGATIVE_INFINITY;

  const due = (last: number, every: number) => clock.elapsed() - last >= every;

  const look = async () => {
    const here = await listSegments(dir);
    for (const source of await store.silent(SILENCE_MS)) {
      // Of whom a journal is here, the files tell more: its reader takes it over.
      if (source === own || here.has(source)) continue;
      const interrupted = await store.interrupt(source, Number.MAX_SAFE_INTEGER);
      if (interrupted > 0) onRecovered(source, interrupted);
    }
  };

  return {
    async pass() {
      if (!store.shared) return;
      if (due(beaten, BEAT_MS)) {
        const workers = [...(await listSegments(dir)).keys()].filter((source) => movesFor(dir, source));
        for (const source of [own, ...workers]) await store.beat(source);
        beaten = clock.elapsed();
      }
      if (due(looked, LOOK_MS)) {
        await look();
        looked = clock.elapsed();
      }
    },
  };
}
