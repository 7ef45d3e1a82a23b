import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSchema, hasPostgres, type TestSchema } from '../../test/support/postgres.ts';
import { manualClock } from '../state/conformance.ts';
import { intentOf, outcomeOf } from './fixtures.ts';
import { openStore } from './open-store.ts';
import { createRecovery } from './recovery.ts';

const there = await hasPostgres('recovery of what lost machines had in flight');

describe.runIf(there)('recovery over machines', () => {
  let schema: TestSchema;
  let dir: string;
  const clock = manualClock();
  const recovered: string[] = [];
  const at = { segment: 's-1.log', offset: 1 };

  beforeEach(async () => {
    schema = await createSchema();
    dir = await mkdtemp(join(tmpdir(), 'signalbox-recovery-'));
    recovered.length = 0;
  });

  afterEach(async () => {
    await schema.drop();
    await rm(dir, { recursive: true, force: true });
  });

  const silence = (source: string) =>
    schema.ask(`update positions set updated_at = updated_at - 121000 where source = '${source}'`);

  it('leaves those alone that say they live, whatever their clocks show, and itself', async () => {
    const store = await openStore(schema.url, { clock });
    const now = clock.now();
    for (const source of ['own', 'lives', 'lost', 'done']) await store.append([intentOf(source, now)], { source, at });
    await store.append([outcomeOf('done', now, 1n)]);
    for (const source of ['own', 'lost', 'done', 'lives']) await silence(source);
    await store.beat('lives');
    expect((await store.silent(120_000)).toSorted()).toEqual(['lost', 'own']);
    const onRecovered = (source: string) => void recovered.push(source);
    const recovery = createRecovery({ dir, own: 'own', store, clock, onRecovered });
    await recovery.pass();
    expect(recovered).toEqual(['lost']);
    expect(await store.silent(120_000)).toEqual([]);
    await store.close();
  });

  it('is taken back by the truth, when a machine was only cut off', async () => {
    const store = await openStore(schema.url, { clock });
    const now = clock.now();
    await store.append([intentOf('r', now)], { source: 'cut', at });
    await silence('cut');
    await createRecovery({ dir, own: 'own', store, clock, onRecovered() {} }).pass();
    const usage = async () => (await store.usage({ since: 0, until: now + 1 }))[0];
    expect(await usage()).toMatchObject({ requests: 1, interrupted: 1, costUsd: 5e-6 });
    await store.append([outcomeOf('r', now, 700n)], { source: 'cut', at: { ...at, offset: 2 } });
    expect(await usage()).toMatchObject({ requests: 1, interrupted: 0, costUsd: 700e-9 });
    expect(await store.position('cut')).toEqual({ ...at, offset: 2 });
    await store.close();
  });
});
