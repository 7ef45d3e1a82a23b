import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { SignalboxError } from '../errors.ts';
import { asSignalboxError } from '../errors.ts';
import type { Config } from './schema.ts';
import type { LoadedConfig } from './load.ts';
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
  /** The file does not hold; the old configuration stays. */
  readonly onError: (error: SignalboxError) => void;
  readonly signal: AbortSignal;
  readonly settle?: number;
}

function keepFixed(next: LoadedConfig, first: Config, path: string): LoadedConfig {
  const changed = FIXED.filter((name) => JSON.stringify(next.config[name]) !== JSON.stringify(first[name]));
  const { server, auth, storage } = first;
  return {
    ...next,
    config: { ...next.config, server, auth, storage },
    warnings: [
      ...next.warnings,
      ...changed.map((name) => ({ message: `${path}: a change of ${name} needs a restart; the old values stay` })),
    ],
  };
}

/**
 * Follows a configuration file by watching its folder (editors and Kubernetes replace files), until `signal` aborts.
 * `onChange` is called with what holds and differs; `server`, `auth` and `storage` stay as they were.
 */
export function watchConfig(options: WatchOptions): void {
  const { path, load, onChange, onError, signal, settle } = options;
  const first = options.current.config;
  // Secrets count too, though the version does not show them.
  let applied = JSON.stringify(first);

  const apply = async () => {
    try {
      const next = keepFixed(await load(), first, basename(path));
      const text = JSON.stringify(next.config);
      if (signal.aborted || text === applied) return;
      await onChange(next);
      applied = text;
    } catch (error) {
      onError(asSignalboxError(error));
    }
  };

  followFile({
    path,
    beside: ['.env'],
    look: () => readFile(path, 'utf8').catch(() => undefined),
    onSettled: apply,
    onError: (error) => onError(asSignalboxError(error)),
    signal,
    ...(settle === undefined ? {} : { settle }),
  });
}
