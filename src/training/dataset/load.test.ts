import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { failureOf, line, scratch } from './fixtures.ts';
import { loadDataset } from './load.ts';
import { summarise } from './summary.ts';

const { path, put } = scratch();

describe('loadDataset', () => {
  it('names both lines of an id that occurs twice, in one file or in two', async () => {
    const one = await put('one.jsonl', [line('a'), line('b'), '', line('a')].join('\n'));
    expect(await failureOf(loadDataset([one]))).toBe(
      'dataset_invalid: one.jsonl:4: id "a" is already used at one.jsonl:1',
    );
    const two = await put('two.jsonl', line('x'));
    const three = await put('three.jsonl', `\n${line('x')}`);
    expect(await failureOf(loadDataset([two, three]))).toBe(
      'dataset_invalid: three.jsonl:2: id "x" is already used at two.jsonl:1',
    );
  });

  it('joins mixed columns of several files and of several formats, and warns', async () => {
    const csv = await put('sums.csv', 'prompt,m,n\n1 + 1?,True,False\n');
    const own = await put('own.jsonl.gz', gzipSync(line('a', { m: { score: 1 }, o: { score: 0 } })));
    const { rows, files, warnings } = await loadDataset([csv, own]);
    expect(files.map(({ format, rows }) => [format, rows])).toEqual([
      ['routellm', 1],
      ['signalbox', 1],
    ]);
    expect(warnings).toEqual([
      `${csv} has no outcomes of o, which other files have`,
      `${own} has no outcomes of n, which other files have`,
    ]);
    expect(summarise(rows).models.map(({ name, rows }) => [name, rows])).toEqual([
      ['m', 2],
      ['n', 1],
      ['o', 1],
    ]);
  });

  it('takes models that miss from more than half of the rows, and the summary warns of them', async () => {
    const text = ['a', 'b', 'c'].map((id) =>
      line(id, id === 'a' ? { m: { score: 1 }, rare: { score: 1 } } : { m: { score: 1 } }),
    );
    const { rows, warnings } = await loadDataset([await put('rare.jsonl', text.join('\n'))]);
    expect(warnings).toEqual([]);
    expect(summarise(rows).warnings).toEqual(['rare has a score in 1 of 3 rows (33 %)']);
  });

  it('tells how far it is, plain and packed', async () => {
    const text = Array.from({ length: 20_000 }, (_, i) => line(`${i}`)).join('\n');
    for (const content of [text, gzipSync(text)]) {
      const told: number[] = [];
      const file = await put('progress.jsonl', content);
      const { rows } = await loadDataset([file], { progress: (share) => told.push(share) });
      expect(rows).toHaveLength(20_000);
      expect(told.at(-1)).toBe(1);
      expect(told).toEqual([...told].sort((a, b) => a - b));
    }
  });

  it('says when there is nothing to read', async () => {
    expect(await failureOf(loadDataset([path('none.csv')]))).toBe('invalid_request: none.csv: there is no such file');
    expect(await failureOf(loadDataset([await put('header.csv', 'prompt,m\n')]))).toContain(
      'no outcomes to learn from',
    );
  });
});
