import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Files are written in steps: what two looks this far apart agree on is whole, milliseconds. */
export const SETTLE_MS = 300;

export interface FollowOptions {
  /** Absolute path of a file. */
  readonly path: string;
  /** Other names in its folder whose changes count. */
  readonly beside?: readonly string[];
  /** What the file is now, or that it is not there: equal looks are equal files. */
  readonly look: () => Promise<string>;
  /** Called after a change, when two looks agree. */
  readonly onSettled: () => Promise<void> | void;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly settle?: number;
}

/** Follows a file by watching its folder (editors and Kubernetes replace files), until `signal` aborts. */
export function followFile(options: FollowOptions): void {
  const { path, beside = [], look, onSettled, onError, signal, settle = SETTLE_MS } = options;
  let timer: NodeJS.Timeout | undefined;

  const check = async (before: string) => {
    const now = await look();
    if (signal.aborted) return;
    if (now === before) await onSettled();
    else later(now);
  };

  const later = (seen: string) => {
    clearTimeout(timer);
    timer = setTimeout(() => void check(seen).catch(onError), settle);
    timer.unref();
  };

  const names = new Set([basename(path), '..data', ...beside]);
  const watcher = watch(dirname(path), { signal, persistent: false }, (_event, name) => {
    if (name === null || names.has(name)) void look().then(later).catch(onError);
  });
  watcher.on('error', onError);
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
}
