import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Artifact } from '../routers/artifact.ts';
import { readArtifact, sha256, writeArtifact } from './artifact-file.ts';

const ARTIFACT: Artifact = {
  router: { router: 'ridge', meta: {}, tensors: { w: Float64Array.of(1, 2) } },
  models: ['a'],
  trainedOn: { hash: '0'.repeat(64), rows: 2 },
  metrics: {},
};

describe('an artifact in a file', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'artifact-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is read as it was written, and its version is the head of the file’s SHA-256', async () => {
    const path = join(folder, 'deep', 'r.safetensors');
    const version = await writeArtifact(path, ARTIFACT);
    expect(await readArtifact(path)).toEqual({ artifact: ARTIFACT, version });
    expect(version).toBe(sha256(await readFile(path)).slice(0, 12));
    expect(await readdir(join(folder, 'deep'))).toEqual(['r.safetensors']);
  });

  it('that cannot be written leaves the old one and nothing else', async () => {
    const path = join(folder, 'r.safetensors');
    const version = await writeArtifact(path, ARTIFACT);
    await expect(writeArtifact(path, { ...ARTIFACT, models: [] })).rejects.toThrow(/no models/);
    expect((await readArtifact(path)).version).toBe(version);
    expect(await readdir(folder)).toEqual(['r.safetensors']);
  });

  it('that is missing, a folder, empty or something else is refused by its path', async () => {
    const other = join(folder, 'other');
    await writeFile(other, 'router: learned\n');
    for (const path of [join(folder, 'missing'), folder, other]) {
      await expect(readArtifact(path)).rejects.toMatchObject({
        code: 'artifact_invalid',
        message: expect.stringContaining(path),
      });
    }
  });
});
