import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';
import { temporaryFolder } from '../support/gateway.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeEach(async () => {
  folder = await temporaryFolder();
});

afterEach(() => folder.remove());

const run = (...args: readonly string[]) => runCli(['data', ...args], { cwd: folder.path });
const put = (name: string, content: string | Uint8Array) => writeFile(join(folder.path, name), content);

const CSV = 'prompt,small,large\n"What is\n2 + 2?",True,False\nSay hi.,False,True\n say HI.,False,True\n';

describe('signalbox data', () => {
  it('checks a file of another format and says what it holds', async () => {
    await put('sums_responses.csv', CSV);
    const { code, stdout } = await run('check', 'sums_responses.csv');
    expect(code).toBe(0);
    expect(stdout).toMatch(/sums_responses\.csv {2}routellm +3/);
    expect(stdout).toMatch(/large +3 +0\.6667 +unknown {2}best single/);
    expect(stdout).toContain('rows      3, 2 different queries, 1 that say what another row says');
    const json = await run('check', 'sums_responses.csv', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ rows: 3, groups: 2, duplicates: 1, oracle: 1, warnings: [] });
  });

  it('warns on the error output of models that miss from most rows', async () => {
    const rows = ['a', 'b', 'c'].map((id, i) => ({
      id,
      query: id,
      outcomes: { m: { score: 1 }, ...(i === 0 ? { rare: { score: 1 } } : {}) },
    }));
    await put('rare.jsonl', rows.map((row) => JSON.stringify(row)).join('\n'));
    const { code, stderr } = await run('check', 'rare.jsonl');
    expect(code).toBe(0);
    expect(stderr).toBe('warning: rare has a score in 1 of 3 rows (33 %)\n');
  });

  it('imports into its own format, merging rows that say the same, and splits the result', async () => {
    await put('sums_responses.csv', CSV);
    expect(await run('import', 'sums_responses.csv', '--out', 'own.jsonl.gz')).toMatchObject({
      code: 0,
      stdout: 'own.jsonl.gz: 2 rows; 1 that said the same were merged\n',
    });
    const text = gunzipSync(await readFile(join(folder.path, 'own.jsonl.gz'))).toString('utf8');
    expect(JSON.parse(text.split('\n')[0] ?? '')).toEqual({
      id: 'routellm/sums_responses/0',
      dataset: 'routellm',
      benchmark: 'sums',
      query: 'What is\n2 + 2?',
      outcomes: { small: { score: 1 }, large: { score: 0 } },
    });
    expect(await run('split', 'own.jsonl.gz', '--folds', '2', '--seed', '7', '--out', 'splits.json')).toMatchObject({
      code: 0,
      stdout: 'splits.json: folds of 1, 1 rows\n',
    });
    expect(JSON.parse(await readFile(join(folder.path, 'splits.json'), 'utf8'))).toMatchObject({
      version: 1,
      kind: 'folds',
      folds: 2,
      seed: 7,
      data: { name: 'own', rows: 2 },
      fold: [
        ['routellm/sums_responses/0', expect.any(Number)],
        ['routellm/sums_responses/1', expect.any(Number)],
      ],
    });
  });

  it('ends with 1 for bad data, with file and line, and writes nothing', async () => {
    await put('bad.jsonl.gz', gzipSync('{"id":"a","query":"","outcomes":{"gpt-4":{"score":7}}}'));
    const before = await readdir(folder.path);
    const { code, stderr } = await run('import', 'bad.jsonl.gz', '--out', 'own.jsonl.gz');
    expect(code).toBe(1);
    expect(stderr).toBe('signalbox: bad.jsonl.gz:1: outcomes.gpt-4.score: expected a number 0..1, got 7\n');
    expect(await readdir(folder.path)).toEqual(before);
  });

  it('ends with 2 when it is used wrongly', async () => {
    await put('sums.csv', CSV);
    for (const [args, message] of [
      [['check'], '<files> is missing; write signalbox data check <files>'],
      [['check', 'none.jsonl'], 'none.jsonl: there is no such file'],
      [['fly'], 'check, import, split'],
      [['import', 'sums.csv'], '--out'],
      [['split', 'sums.csv', '--folds', '1', '--out', 'x'], '--folds takes a whole number from 2'],
      [['split', 'sums.csv', '--folds', '3', '--out', 'x'], '3 folds of 2 different queries'],
      [['split', 'sums.csv', '--folds', '2', '--test', '0.5', '--out', 'x'], '--folds and --test exclude each other'],
      [['split', 'sums.csv', '--latest', '--out', 'x'], '--latest needs --test'],
      [['split', 'sums.csv', '--test', '2', '--out', 'x'], '--test takes a share'],
    ] as const) {
      const { code, stderr } = await run(...args);
      expect(stderr, args.join(' ')).toContain(message);
      expect(code, args.join(' ')).toBe(2);
    }
  });
});
