import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignalboxError } from '../errors.ts';
import { decodeArtifact, encodeArtifact, type Artifact, type Sha256 } from '../routers/artifact.ts';

/** An artifact beyond this size is a mistake. */
const MAX_BYTES = 2 ** 30;

/** SHA-256 in hex of the concatenated parts. */
export const sha256: Sha256 = (...parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** An artifact that was read, and what tells it from others: the first digits of `sha256sum` of its file. */
export interface LoadedArtifact {
  readonly artifact: Artifact;
  readonly version: string;
}

function versionOf(bytes: Uint8Array): string {
  return sha256(bytes).slice(0, 12);
}

/**
 * Writes an artifact beside `path` and moves it there when it is whole and on disk: whoever reads `path`, even after a
 * crash, finds the old file or the new one. Folders are made.
 * @returns its version.
 */
export async function writeArtifact(path: string, artifact: Artifact): Promise<string> {
  const bytes = encodeArtifact(artifact, sha256);
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  return versionOf(bytes);
}

async function readBounded(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > MAX_BYTES) throw new SignalboxError('artifact_invalid', `${size} bytes are too many for an artifact`);
  return readFile(path);
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT:
    'there is no such file: put it back, make one with "signalbox train", or name another router in routing.router',
  EISDIR: 'this is a folder; name the file in it',
  EACCES: 'this user may not read it; chmod can allow it',
};

function described(path: string, cause: unknown): SignalboxError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = UNREADABLE[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new SignalboxError('artifact_invalid', `${path}: ${reason}`, { cause });
}

/**
 * Reads and checks an artifact.
 * @throws `artifact_invalid` with the path, what is wrong and what to do.
 */
export async function readArtifact(path: string): Promise<LoadedArtifact> {
  try {
    const bytes = await readBounded(path);
    return { artifact: decodeArtifact(bytes, sha256), version: versionOf(bytes) };
  } catch (cause) {
    throw described(path, cause);
  }
}
