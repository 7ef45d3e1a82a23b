import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { all } from './fixtures.ts';
import { readRows } from './read.ts';
import type { DatasetRow } from './row.ts';
import { summarise } from './summary.ts';

const DATA = process.env['SIGNALBOX_DATA'] ?? '../shared/data';

/** Rows, models, best single model and its quality, oracle: the table that comes with the data, and what was counted by other means. */
const SETS = [
  ['llmrouter_train', 5608, 9, 'llama-3.1-nemotron-51b-instruct', 0.6213, 0.8017],
  ['mmlu_pro_dev', 4221, 13, 'gpt-4o-2024-05-13', 0.7444, 0.937],
  ['routerbench_train', 2205, 11, 'gpt-4-1106-preview', 0.8794, 0.9755],
  ['bfcl_dev', 985, 24, 'claude-3-5-sonnet-20240620', 0.9025, 0.9604],
  ['routerdc_train', 7598, 7, 'meta-math/MetaMath-Mistral-7B', 0.6159, 0.8434],
  ['zeroeval_crux', 800, 51, 'o1-preview-2024-09-12', 0.9587, 0.995],
  ['alpaca_eval', 803, 16, 'FuseChat-Gemma-2-9B-Instruct', 0.7048, 0.8905],
] as const;

const read = new Map<string, Promise<DatasetRow[]>>();

function rowsOf(name: string): Promise<DatasetRow[]> {
  const known = read.get(name) ?? all(readRows(join(DATA, `${name}.jsonl.gz`)));
  read.set(name, known);
  return known;
}

describe.skipIf(!existsSync(DATA))(`the recorded sets in ${DATA} (skipped where they are absent)`, () => {
  it.each(SETS)('%s: rows, models, best single model, oracle', async (name, rows, models, best, quality, oracle) => {
    const summary = summarise(await rowsOf(name));
    expect(summary.rows).toBe(rows);
    expect(summary.models).toHaveLength(models);
    expect(summary.bestSingle?.name).toBe(best);
    expect(summary.bestSingle?.quality).toBeCloseTo(quality, 4);
    expect(summary.oracle).toBeCloseTo(oracle, 4);
    expect(summary.warnings).toEqual([]);
  });

  it('routerdc without arc_easy, which its table leaves out: oracle .82', async () => {
    const rows = (await rowsOf('routerdc_train')).filter(({ benchmark }) => benchmark !== 'arc_easy');
    expect(summarise(rows).oracle).toBeCloseTo(0.8216, 4);
  });

  it('mmlu_pro over its nine priced models: oracle .92', async () => {
    const rows = await rowsOf('mmlu_pro_dev');
    const priced = summarise(rows).models.filter(({ costUsd }) => costUsd !== null);
    expect(priced).toHaveLength(9);
    expect(
      summarise(
        rows,
        priced.map(({ name }) => name),
      ).oracle,
    ).toBeCloseTo(0.9211, 4);
  });
});
