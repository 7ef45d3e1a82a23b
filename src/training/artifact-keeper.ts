import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { LoadedConfig } from '../config/load.ts';
import { isArtifactPath } from '../config/references.ts';
import type { Config } from '../config/schema.ts';
import { followFile, SETTLE_MS } from '../config/settled.ts';
import { SignalboxError } from '../errors.ts';
import type { ActiveArtifact } from '../routers/active.ts';
import type { Log } from '../telemetry/log.ts';
import type { Reloads } from '../telemetry/reloads.ts';

/** Artifacts in use by the setting that names them. */
export type Artifacts = ReadonlyMap<string, ActiveArtifact>;

interface Kept {
  readonly artifact: ActiveArtifact;
  /** What the file was when it was read. */
  readonly seen: string;
}

/** Where artifacts are named, and from which folder their paths start. */
export interface ArtifactPlace {
  readonly config: Pick<Config, 'routing' | 'roles'>;
  readonly base: string;
}

/** Loads the artifacts of one configuration after another. */
export interface ArtifactKeeper {
  /**
   * A file that did not change stays loaded. One that cannot be used any more, or that `check` refuses by throwing, is told
   * of in the log, and what was loaded from it stays.
   * @throws `artifact_invalid` for a file that cannot be used and of which nothing was loaded before.
   */
  of(place: ArtifactPlace, check: (setting: string, artifact: ActiveArtifact) => void): Promise<Artifacts>;
  /**
   * Forgets what is not named there, and calls `onChange` once after a file that is named has changed. Until the next call
   * or `close`.
   */
  follow(place: ArtifactPlace, onChange: () => void): void;
  close(): void;
}

/** Artifacts are found from the configuration's folder, without a file from the working directory. */
export function artifactPlace({ config, path }: Pick<LoadedConfig, 'config' | 'path'>): ArtifactPlace {
  return { config, base: path === undefined ? process.cwd() : dirname(path) };
}

/** The settings of a configuration that are paths of artifacts; each once. */
export function artifactSettings({ routing, roles }: Pick<Config, 'routing' | 'roles'>): string[] {
  const settings = [routing.router, ...Object.values(roles).flatMap((role) => role.router ?? [])];
  return [...new Set(settings.filter(isArtifactPath))];
}

async function lookAt(path: string): Promise<string> {
  return stat(path, { bigint: true }).then(
    ({ ino, size, mtimeNs, ctimeNs }) => `${ino} ${size} ${mtimeNs} ${ctimeNs}`,
    () => 'missing',
  );
}

/**
 * Reads an artifact and makes its router.
 * @throws `artifact_invalid` with the path.
 */
export async function loadArtifact(path: string): Promise<ActiveArtifact> {
  // Most gateways start without an artifact, and without the routers that learn.
  const [{ activate }, { readArtifact }] = await Promise.all([
    import('../routers/activate.ts'),
    import('./artifact-file.ts'),
  ]);
  const { artifact, version } = await readArtifact(path);
  try {
    return activate(artifact, version);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('artifact_invalid', `${path}: ${why}`, { cause });
  }
}

/** Keeps artifacts from one configuration to the next; `reloads` is told which of their files are refused. */
export function createArtifactKeeper(
  log: Log,
  reloads: Pick<Reloads, 'refuse' | 'settle'>,
  settle: number = SETTLE_MS,
): ArtifactKeeper {
  const kept = new Map<string, Kept>();
  let watching = new AbortController();

  const keep = async (path: string, check: (artifact: ActiveArtifact) => void): Promise<ActiveArtifact> => {
    const old = kept.get(path);
    const seen = await lookAt(path);
    if (old?.seen === seen) {
      check(old.artifact);
      return old.artifact;
    }
    try {
      const read = await loadArtifact(path);
      const artifact = old?.artifact.version === read.version ? old.artifact : read;
      check(artifact);
      kept.set(path, { artifact, seen });
      if (reloads.settle('artifact', path) && artifact === old?.artifact) {
        log.info({ path }, 'the artifact holds again: it is the one in use');
      }
      return artifact;
    } catch (error) {
      if (old === undefined) throw error;
      const why = error instanceof Error ? error.message : String(error);
      log.error({ path, error: why }, 'the new artifact is refused; the old one stays');
      reloads.refuse('artifact', path, why);
      check(old.artifact);
      kept.set(path, { artifact: old.artifact, seen });
      return old.artifact;
    }
  };

  return {
    async of({ config, base }, check) {
      const found = new Map<string, ActiveArtifact>();
      for (const setting of artifactSettings(config)) {
        found.set(setting, await keep(resolve(base, setting), (artifact) => check(setting, artifact)));
      }
      return found;
    },
    follow({ config, base }, onChange) {
      watching.abort();
      watching = new AbortController();
      const { signal } = watching;
      const paths = new Set(artifactSettings(config).map((setting) => resolve(base, setting)));
      for (const path of kept.keys()) {
        if (paths.has(path)) continue;
        kept.delete(path);
        reloads.settle('artifact', path);
      }
      for (const [path, { seen }] of kept) {
        const look = async (): Promise<void> => {
          if ((await lookAt(path)) === seen || signal.aborted) return;
          watching.abort();
          onChange();
        };
        const onError = (error: unknown) => log.error({ path, error: String(error) }, 'the artifact cannot be watched');
        try {
          followFile({ path, look: () => lookAt(path), onSettled: look, onError, signal, settle });
        } catch (error) {
          onError(error);
        }
        // Between reading and watching there was a moment.
        void look();
      }
    },
    close: () => watching.abort(),
  };
}
