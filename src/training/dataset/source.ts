import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { LoadedFile } from './load.ts';

/** A data file that can be told from another of its name. */
export interface DataSource {
  /** Without its folder. */
  readonly name: string;
  readonly rows: number;
  /** Of the file's bytes, in hex. */
  readonly sha256: string;
}

/** Names a file that was read, by what is in it. */
export async function sourceOf({ file, rows }: LoadedFile): Promise<DataSource> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return { name: basename(file), rows, sha256: hash.digest('hex') };
}
