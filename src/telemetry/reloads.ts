import type { Clock } from '../clock.ts';

/** What a running gateway reads anew when its file changes. */
export type Reloaded = 'config' | 'artifact';

/** Why the newest file is not in use. */
export interface Refusal {
  /** Epoch milliseconds. */
  readonly refusedAt: number;
  readonly error: string;
}

/** The newest file of each kind that was refused; null = what the files hold is in use. */
export type ReloadStatus = Readonly<Record<Reloaded, Refusal | null>>;

/** Remembers files that were refused while serving, until they hold again. */
export interface Reloads {
  refuse(what: Reloaded, path: string, error: string): void;
  /** The file holds, or nobody names it any more. @returns whether it had been refused. */
  settle(what: Reloaded, path: string): boolean;
  status(): ReloadStatus;
}

/** Creates {@link Reloads}. */
export function createReloads(clock: Pick<Clock, 'now'>): Reloads {
  const refused = { config: new Map<string, Refusal>(), artifact: new Map<string, Refusal>() };
  const newest = (what: Reloaded): Refusal | null => [...refused[what].values()].at(-1) ?? null;
  return {
    refuse(what, path, error) {
      // The newest is the last of the map.
      refused[what].delete(path);
      refused[what].set(path, { refusedAt: clock.now(), error });
    },
    settle: (what, path) => refused[what].delete(path),
    status: () => ({ config: newest('config'), artifact: newest('artifact') }),
  };
}
