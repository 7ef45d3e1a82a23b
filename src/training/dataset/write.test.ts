import fc from 'fast-check';
import { readdir, readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { all, row, scratch } from './fixtures.ts';
import { readRows } from './read.ts';
import type { DatasetRow } from './row.ts';
import { summarise } from './summary.ts';
import { writeRows } from './write.ts';

const { path, put } = scratch();

const amount = fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }), { nil: undefined });
const words = fc.option(fc.string({ unit: 'binary' }), { nil: undefined });
const anyRow: fc.Arbitrary<DatasetRow> = fc
  .record({
    id: fc.string({ minLength: 1, unit: 'binary' }),
    dataset: fc.string(),
    benchmark: words,
    split: words,
    date: fc.constantFrom(undefined, '2024-05-13', '2024-05-13T10:00:00Z'),
    query: fc.string({ unit: 'binary', maxLength: 200 }),
    tools: fc.option(fc.array(fc.string()), { nil: undefined }),
    outcomes: fc.dictionary(
      fc.string({ minLength: 1 }).filter((name) => name !== '__proto__'),
      fc.record({
        score: fc.double({ min: 0, max: 1, noNaN: true }),
        costUsd: amount,
        inputTokens: amount,
        outputTokens: amount,
        outputChars: amount,
        latencyS: amount,
        costEstUsd: amount,
      }),
      { minKeys: 1 },
    ),
  })
  // Absent members stay absent.
  .map((value) => JSON.parse(JSON.stringify(value)));

describe('writeRows', () => {
  it('writes what reads back as the same rows, plain and packed, with the same hash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { maxLength: 5 }), async (rows) => {
        const hash = summarise(rows).hash;
        for (const name of ['rows.jsonl', 'rows.jsonl.gz']) {
          expect(await writeRows(path(name), rows)).toBe(rows.length);
          const back = await all(readRows(path(name)));
          expect(back).toEqual(rows);
          expect(summarise(back.toReversed()).hash).toBe(hash);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('packs by name, the same bytes each time, and makes folders', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => row(`${i}`, `query ${i}`, { m: 1 }));
    await writeRows(path('deep/er/a.jsonl.gz'), rows);
    await writeRows(path('deep/er/b.jsonl.gz'), rows);
    const [a, b] = await Promise.all([readFile(path('deep/er/a.jsonl.gz')), readFile(path('deep/er/b.jsonl.gz'))]);
    expect(a.equals(b)).toBe(true);
    expect(gunzipSync(a).toString('utf8').split('\n')).toHaveLength(3001);
  });

  it('leaves the old file as it was, and nothing else, when rows fail or the write is aborted', async () => {
    const file = await put('kept.jsonl.gz', 'old');
    const before = (await readdir(path('.'))).sort();
    async function* failing(): AsyncGenerator<DatasetRow> {
      for (let i = 0; i < 5000; i++) yield row(`${i}`, 'x'.repeat(100), { m: 1 });
      throw new Error('the source broke');
    }
    await expect(writeRows(file, failing())).rejects.toThrow('the source broke');
    const stop = new AbortController();
    async function* stopping(): AsyncGenerator<DatasetRow> {
      for (let i = 0; ; i++) {
        yield row(`${i}`, 'x'.repeat(100), { m: 1 });
        if (i === 5000) stop.abort();
      }
    }
    await expect(writeRows(file, stopping(), { signal: stop.signal })).rejects.toThrow(/abort/i);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect((await readdir(path('.'))).sort()).toEqual(before);
  });
});
