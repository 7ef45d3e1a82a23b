import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/support/gateway.ts';
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
