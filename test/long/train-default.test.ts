import { describe, expect, it } from 'vitest';
import { decodeArtifact } from '../../src/routers/artifact.ts';
import { readSafetensors } from '../../src/routers/artifact/safetensors.ts';
import { sha256 } from '../../src/training/artifact-file.ts';
import { makeDefault, MAX_BYTES, readLesson } from '../../scripts/default/make.ts';
import { DATA, LEARNT_FROM, missingOf } from '../../scripts/default/sets.ts';

const missing = missingOf(LEARNT_FROM);
if (missing.length > 0) console.log(`skipped: ${DATA} has no ${missing.join(', ')}`);

/** Letters of a query that tell it from others. */
const TELLING = 40;

describe.skipIf(missing.length > 0)('the artifact of train:default', () => {
  it('is the same to the bit when made again, may ship by its size, and holds no query and no id', async () => {
    const lesson = await readLesson();
    const first = makeDefault(lesson);
    const again = makeDefault(await readLesson());
    expect(again.sha256).toBe(first.sha256);
    expect(first.bytes.length).toBeLessThanOrEqual(MAX_BYTES);

    const { metadata, tensors } = readSafetensors(first.bytes);
    const words = [...metadata.values(), ...tensors.keys()].join('\n');
    expect(lesson.rows.filter(({ id }) => words.includes(id))).toEqual([]);
    expect(lesson.rows.filter(({ query }) => words.includes(query.slice(0, TELLING)))).toEqual([]);
    // Nothing has a number for each row, so nothing can be a row's.
    const sizes = [...tensors.values()].map(({ shape }) => shape.reduce((size, side) => size * side, 1));
    expect(sizes.filter((size) => size % lesson.rows.length === 0)).toEqual([]);
    expect([...tensors.keys()].filter((name) => name.startsWith('sample/'))).toEqual([]);

    const { models } = decodeArtifact(first.bytes, sha256);
    expect(models).toContain('gpt-4o-2024-05-13');
    expect(models).toEqual(lesson.set.models);
  });
});
