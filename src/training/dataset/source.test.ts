import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sourceOf } from './source.ts';

it('names a file by its own name, rows and the hash of its bytes', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-source-'));
  const file = join(folder, 'abc.jsonl');
  await writeFile(file, 'abc');
  // FIPS 180-2, appendix B.1.
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await sourceOf({ file, format: 'signalbox', rows: 3 })).toEqual({ name: 'abc.jsonl', rows: 3, sha256 });
  await rm(folder, { recursive: true });
});
