import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/support/gateway.ts';
import { knn } from '../src/routers/knn.ts';
import { compareHeldOut, heldOutTable, holdOut } from './held-out.ts';
import { main as aiSdk } from './ai-sdk.ts';
import { main } from './library.ts';
import { readRecorded, recordedTable, replayRecorded } from './recorded.ts';

const DATA = process.env['SIGNALBOX_DATA'] ?? '../shared/data';
const dataset = join(DATA, 'mmlu_pro_dev.jsonl.gz');

describe('examples/library.ts', () => {
  it('runs', async () => {
    const folder = await temporaryFolder();
    const lines = await main(folder.path);
    expect(lines[0]).toMatch(/^decided: fast/);
    expect(lines[1]).toMatch(/^fast answered for \$0\.0000/);
    expect(lines[2]).toMatch(/^streamed \d+ pieces from smart/);
    await folder.remove();
  });
});

describe('examples/ai-sdk.ts', () => {
  it('runs', async () => {
    const folder = await temporaryFolder();
    const lines = await aiSdk(folder.path);
    expect(lines[0]).toMatch(/^fast answered: /);
    expect(lines[1]).toMatch(/^streamed \d+ pieces from smart: \S/);
    await folder.remove();
  });
});

describe.each(['recorded', 'held-out'])('examples/%s.ts without arguments', (name) => {
  it('says how it is used, and ends with 2', () => {
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining(`usage: npx tsx examples/${name}.ts <dataset.jsonl.gz> <prices.json>`),
    });
  });
});

describe.skipIf(!existsSync(dataset))('examples/recorded.ts (needs routing data in SIGNALBOX_DATA)', () => {
  it(
    'sends 500 recorded queries per strategy over HTTP; every request is in the ledger at the right cost',
    { timeout: 120_000 },
    async () => {
      const results = await replayRecorded(await readRecorded(dataset, join(DATA, 'prices.json'), 500));
      console.log(recordedTable(results));
      const of = (arm: string) => results.find((result) => result.arm === arm);
      for (const { arm, queries, wrong } of results) expect([arm, queries, wrong]).toEqual([arm, 500, 0]);
      expect(of('cheapest')?.costUsd).toBeLessThan(of('static')?.costUsd ?? 0);
      expect(of('static')?.quality).toBeGreaterThan(of('random')?.quality ?? 1);
    },
  );
});

describe.skipIf(!existsSync(dataset))('examples/held-out.ts (needs routing data in SIGNALBOX_DATA)', () => {
  it(
    'gives over HTTP what the evaluation promised for 1 000 queries that training has not seen',
    { timeout: 600_000 },
    async () => {
      const held = await holdOut(dataset, join(DATA, 'prices.json'), { count: 1000, seed: 7 });
      const comparisons = await compareHeldOut(held, knn, 7);
      console.log(heldOutTable(comparisons));
      expect(comparisons.map(({ strategy }) => strategy)).toEqual(['quality-first', 'balanced', 'cost-first']);
      for (const { strategy, promised, computed, served } of comparisons) {
        // The very choices that the artifact's numbers lead to, and their recorded outcomes at what they were billed.
        expect(served.models, strategy).toEqual(computed.models);
        expect(served.quality, strategy).toBeCloseTo(computed.quality, 9);
        expect(served.cost / computed.cost, strategy).toBeCloseTo(1, 4);
        for (const [got, interval] of [
          [served.quality, promised.ci.quality],
          [served.cost, promised.ci.cost],
        ] as const) {
          expect(got, strategy).toBeGreaterThanOrEqual(interval?.[0] ?? Number.NaN);
          expect(got, strategy).toBeLessThanOrEqual(interval?.[1] ?? Number.NaN);
        }
      }
    },
  );
});
