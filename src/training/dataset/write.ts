import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { recordOf, type DatasetRow } from './row.ts';

/** How much text is handed on at once. */
const BATCH = 64 * 1024;

/**
 * Writes a file beside `path` and moves it there when it is whole and on disk: whoever reads `path` finds the old file or
 * the new one, and a failure leaves nothing. Folders are made.
 */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Writes rows in Signalbox's own format, packed when the name ends in `.gz`; the file appears only when it is whole.
 * @returns how many rows were written.
 * @throws AbortError when `signal` aborts, whatever `rows` throws, or the file system's error; nothing is left then.
 */
export async function writeRows(
  path: string,
  rows: Iterable<DatasetRow> | AsyncIterable<DatasetRow>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<number> {
  let count = 0;
  async function* text(): AsyncGenerator<string> {
    let batch = '';
    for await (const row of rows) {
      batch += `${JSON.stringify(recordOf(row))}\n`;
      count++;
      if (batch.length < BATCH) continue;
      yield batch;
      batch = '';
    }
    yield batch;
  }
  await replaceFile(path, async (file) => {
    const sink = async (chunks: AsyncIterable<string | Uint8Array>): Promise<void> => {
      for await (const chunk of chunks) await file.writeFile(chunk);
    };
    const settings = options.signal === undefined ? {} : { signal: options.signal };
    const source = Readable.from(text());
    if (path.toLowerCase().endsWith('.gz')) await pipeline(source, createGzip(), sink, settings);
    else await pipeline(source, sink, settings);
  });
  return count;
}
