import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { all, failureOf, scratch } from '../fixtures.ts';
import { loadDataset } from '../load.ts';
import type { DatasetRow } from '../row.ts';
import { readRows } from '../read.ts';
import { writeRows } from '../write.ts';
import { headOf } from './head.ts';
import type { Importer } from './importer.ts';
import { IMPORTERS, importerOf } from './registry.ts';

/** A small file of a format, and what it says. */
export interface Sample {
  /** Name of the file; some formats say something by it. */
  readonly name: string;
  readonly content: string;
  readonly rows: readonly DatasetRow[];
  /** The line that each row begins on. */
  readonly lines: readonly number[];
  /** Files that are wrong, and the message without the path, beginning with the line. */
  readonly broken: readonly { readonly content: string; readonly message: string | RegExp }[];
}

/** What every importer must hold. */
export function importerConformance(importer: Importer, sample: Sample): void {
  describe(`${importer.name} importer`, () => {
    const { path, put } = scratch();

    it('is found by the content of a file, not by its name', async () => {
      const file = await put('anything.bin', sample.content);
      expect((await importerOf(file)).name).toBe(importer.name);
      expect((await importerOf(await put('packed.bin', gzipSync(sample.content)))).name).toBe(importer.name);
      const head = await headOf(file);
      const others = IMPORTERS.filter((other) => other !== importer && other.name !== 'signalbox');
      for (const other of others) expect(`${other.name} ${other.detects(head)}`).toBe(`${other.name} false`);
    });

    it('reads the rows and says where each begins', async () => {
      const file = await put(sample.name, sample.content);
      const located = await all(importer.read(file));
      expect(located.map(({ row }) => row)).toEqual(sample.rows);
      expect(located.map(({ place }) => place)).toEqual(sample.lines.map((line) => ({ file, line })));
      expect(await all(importer.read(file))).toEqual(located);
    });

    it('reads the same packed, with a byte order mark, and with CRLF', async () => {
      const variants = [
        gzipSync(sample.content),
        `\uFEFF${sample.content}`,
        // Line breaks inside a CSV cell are part of the text.
        ...(/"[^"\n]*\n/.test(sample.content) ? [] : [sample.content.replaceAll('\n', '\r\n')]),
      ];
      for (const content of variants) {
        const { rows, files } = await loadDataset([await put(sample.name, content)]);
        expect(rows).toEqual(sample.rows);
        expect(files[0]?.format).toBe(importer.name);
      }
    });

    it('gives rows that our own format holds', async () => {
      await writeRows(path('own.jsonl.gz'), sample.rows);
      expect(await all(readRows(path('own.jsonl.gz')))).toEqual(sample.rows);
      expect(new Set(sample.rows.map(({ id }) => id)).size).toBe(sample.rows.length);
    });

    it('names file and line of what is wrong', async () => {
      for (const { content, message } of sample.broken) {
        const failure = await failureOf(all(importer.read(await put(sample.name, content))));
        if (typeof message === 'string') expect(failure).toBe(`dataset_invalid: ${sample.name}:${message}`);
        else expect(failure).toMatch(message);
      }
    });

    it('says that a packed file is truncated', async () => {
      const packed = gzipSync(sample.content);
      const file = await put(sample.name, packed.subarray(0, packed.length - 9));
      expect(await failureOf(loadDataset([file]))).toMatch(/:\d+: the gzip file is truncated/);
    });
  });
}
