import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../support/cli.ts';

const WORDS = {
  algebra: ['equation', 'polynomial', 'matrix', 'integral', 'derivative'],
  history: ['empire', 'treaty', 'revolution', 'dynasty', 'century'],
} as const;

/** Algebra and history by turns; `a` answers the one, `h` the other, `both` either at ten times the price. */
function rows(from: number, to: number, priced = true): string {
  let text = '';
  for (let i = from; i < to; i++) {
    const topic = i % 2 === 0 ? 'algebra' : 'history';
    const words = WORDS[topic];
    const word = (n: number): string => words[n % words.length] ?? '';
    const outcome = (score: number, usd: number): object => (priced ? { score, cost_usd: usd } : { score });
    text += `${JSON.stringify({
      id: `q${i}`,
      dataset: 'topics',
      benchmark: topic,
      query: `Explain number ${i}: ${word(i)} and ${word(i * 7 + 3)}`,
      outcomes: {
        a: outcome(Number(topic === 'algebra'), 0.001),
        h: outcome(Number(topic === 'history'), 0.001),
        both: outcome(Number(i % 20 > 0), 0.01),
      },
    })}\n`;
  }
  return text;
}

/** What is told but for the work at hand: work of more than a second names itself. */
const told = (stderr: string): string => stderr.replaceAll(/^\w+ …\n/gm, '');

describe('signalbox eval', () => {
  let cwd = '';
  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'signalbox-eval-'));
    await writeFile(join(cwd, 'one.jsonl.gz'), gzipSync(rows(0, 120)));
    await writeFile(join(cwd, 'two.jsonl'), rows(120, 180));
    await writeFile(join(cwd, 'free.jsonl'), rows(0, 80, false));
    await writeFile(join(cwd, 'broken.jsonl'), `${rows(0, 3)}{"id": 7\n`);
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  const json = async (...words: readonly string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await runCli(['eval', '--json', '--resamples', '50', ...words], { cwd });
    expect(told(stderr)).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };

  it('cross-validates several sets, with and without costs', async () => {
    expect(await json('--data', 'one.jsonl.gz', 'free.jsonl', '--router', 'ridge,knn', '--folds', '3')).toMatchObject({
      seed: 7,
      folds: 3,
      sets: [
        {
          name: 'one',
          rows: 120,
          models: 3,
          bestSingle: { model: 'both' },
          routers: [{ name: 'ridge' }, { name: 'knn' }, ...Array.from({ length: 9 }, () => ({ control: true }))],
        },
        {
          name: 'free',
          zeroAuc: null,
          routers: [
            { name: 'ridge', auc: null, strategies: { balanced: null } },
            {},
            {},
            {},
            {},
            {},
            {},
            {},
            {},
            {},
            {},
          ],
        },
      ],
    });
  });

  it('learns on one file and judges on another', async () => {
    const result = await json(
      '--train',
      'one.jsonl.gz',
      '--data=two.jsonl',
      '--router=ridge',
      '--controls',
      'prototype',
    );
    expect(result).toMatchObject({
      folds: null,
      train: ['one'],
      sets: [
        {
          name: 'two',
          rows: 60,
          trainRows: 120,
          routers: [{ name: 'ridge' }, { name: 'zero' }, { name: 'prototype' }, { name: 'oracle' }],
        },
      ],
    });
  });

  it('prints a table, writes reports and predictions, and leaves nothing half done', async () => {
    const words = ['eval', '--data', 'two.jsonl', '--router', 'ridge', '--folds', '2', '--resamples', '20'];
    const files = ['--report', 'page.html', 'table.md', '--predictions', 'lines.jsonl'];
    const { code, stdout, stderr } = await runCli([...words, ...files], { cwd });
    expect({ code, stderr: told(stderr) }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^router +auc +auc − zero/m);
    expect(stdout).toMatch(/^prototype +\.\d{4} \[/m);
    expect(stdout).toMatch(/^ {2}ridge, by auc: /m);
    const sha256 = createHash('sha256').update(rows(120, 180)).digest('hex');
    for (const report of ['page.html', 'table.md']) {
      const text = await readFile(join(cwd, report), 'utf8');
      expect(text).toContain('--router ridge --controls all --seed 7 --folds 2 --resamples 20');
      expect(text).toContain(`two.jsonl: 60 rows, SHA-256 ${sha256}`);
    }
    expect(await readFile(join(cwd, 'page.html'), 'utf8')).toContain('<svg');
    expect(await readFile(join(cwd, 'table.md'), 'utf8')).toContain('| ridge |');
    expect((await readFile(join(cwd, 'lines.jsonl'), 'utf8')).trim().split('\n')).toHaveLength(60);
    expect((await readdir(cwd)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('leaves the texts of the data out of a report when told to', async () => {
    const words = ['eval', '--data', 'two.jsonl', '--router', 'ridge', '--folds', '2', '--resamples', '20'];
    const textsIn = async (...more: readonly string[]): Promise<boolean> => {
      const { code } = await runCli([...words, ...more, '--report', 'page.html'], { cwd });
      expect(code).toBe(0);
      return (await readFile(join(cwd, 'page.html'), 'utf8')).includes('Explain number');
    };
    expect(await textsIn()).toBe(true);
    expect(await textsIn('--no-texts')).toBe(false);
  });

  it.each([
    ['an unknown router', ['--data', 'two.jsonl', '--router', 'oracel'], 2, /unknown router "oracel".*ridge/],
    ['an unknown control', ['--data', 'two.jsonl', '--controls', 'zeroo'], 2, /unknown control/],
    ['no data', [], 2, /data/i],
    ['a report of another kind', ['--data', 'two.jsonl', '--report', 'x.pdf'], 2, /\.html or \.md/],
    ['a folder that is not there', ['--data', 'two.jsonl', '--predictions', 'nowhere/x.jsonl'], 2, /nowhere/],
    ['a file that is not there', ['--data', 'none.jsonl'], 2, /none\.jsonl/],
    ['an unknown model', ['--data', 'two.jsonl', '--models', 'a,z'], 2, /"z"/],
    ['a benchmark without rows', ['--data', 'two.jsonl', '--benchmarks', 'physics'], 2, /algebra, history/],
    ['a broken line', ['--data', 'broken.jsonl'], 1, /broken\.jsonl:4/],
  ] as const)('refuses %s', async (_what, words, expected, message) => {
    const { code, stdout, stderr } = await runCli(['eval', ...words], { cwd });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
  });
});
