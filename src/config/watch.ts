import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SignalboxError } from '../errors.ts';
import { asSignalboxError } from '../errors.ts';
import type { Config } from './schema.ts';
import type { LoadedConfig } from './load.ts';
import { configError } from './problem.ts';
import { followFile } from './settled.ts';

/** What a running gateway cannot change. */
const FIXED = ['server', 'auth', 'storage'] as const;

export interface WatchOptions {
  /** Absolute path of the configuration. */
  readonly path: string;
  readonly current: LoadedConfig;
  /** Loads the file anew. */
  readonly load: () => Promise<LoadedConfig>;
  /** Takes what is new over; one that it refuses is offered again when the file is written again. */
  readonly onChange: (next: LoadedConfig) => Promise<void>;
  /** The file does not hold, or is gone; the old configuration stays. */
  readonly onError: (error: SignalboxError) => void;
  /** The file holds what is in use already, after one that was refused. */
  readonly onRestored: () => void;
  /** What was changed without effect, in words. */
  readonly onNote: (message: string) => void;
  readonly signal: AbortSignal;
  readonly settle?: number;
}

const GONE = 'gone';

/** A configuration with what a running gateway cannot change as it was, and what of that was changed. */
function keepFixed(next: LoadedConfig, first: Config): { readonly kept: LoadedConfig; readonly changed: string[] } {
  const { server, auth, storage } = first;
  return {
    kept: { ...next, config: { ...next.config, server, auth, storage } },
    changed: FIXED.filter((name) => JSON.stringify(next.config[name]) !== JSON.stringify(first[name])),
  };
}

function look(path: string): Promise<string> {
  return readFile(path, 'utf8').then(
    (text) => `holds ${text}`,
    () => GONE,
  );
}

/**
 * Follows a configuration file by watching its folder (editors and Kubernetes replace files), until `signal` aborts.
 * `onChange` is called with what holds and differs; `server`, `auth` and `storage` stay as they were.
 */
export function watchConfig(options: WatchOptions): void {
  const { path, load, onChange, onError, onRestored, onNote, signal, settle } = options;
  const name = basename(path);
  const first = options.current.config;
  // Secrets count too, though the version does not show them.
  let applied = JSON.stringify(first);
  let written = applied;
  let refused = false;

  const refuse = (error: unknown) => {
    refused = true;
    onError(asSignalboxError(error));
  };

  const apply = async () => {
    if ((await look(path)) === GONE) {
      throw configError([`${name}: the file is gone; put it back: a restart would not find it`]);
    }
    const next = await load();
    if (signal.aborted) return;
    const { kept, changed } = keepFixed(next, first);
    const now = JSON.stringify(next.config);
    if (now !== written) {
      for (const part of changed) onNote(`${name}: a change of ${part} needs a restart; the old values stay`);
    }
    written = now;
    const text = JSON.stringify(kept.config);
    if (text !== applied) {
      await onChange(kept);
      applied = text;
    } else if (refused) onRestored();
    refused = false;
  };

  followFile({
    path,
    beside: ['.env'],
    look: () => look(path),
    onSettled: () => apply().catch(refuse),
    onError: refuse,
    signal,
    ...(settle === undefined ? {} : { settle }),
  });
}
