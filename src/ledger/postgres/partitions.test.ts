import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSchema, hasPostgres, type TestSchema } from '../../../test/support/postgres.ts';
import { createIds, firstIdAt, timeOfId } from '../../id.ts';
import { manualClock } from '../../state/conformance.ts';
import { feedbackOf, intentOf, outcomeOf } from '../fixtures.ts';
import { openStore } from '../open-store.ts';
import type { Rec } from '../record.ts';
import { monthOf, monthsOf } from './months.ts';

const DAY = 86_400_000;

describe('ids', () => {
  it('tell their time, and where a month of them begins', () => {
    const clock = manualClock();
    const id = createIds(clock, Math.random)();
    expect(timeOfId(id)).toBe(clock.now());
    expect(timeOfId('short')).toBeUndefined();
    expect(timeOfId('0000000uuu-and-more')).toBeUndefined();
    const month = monthOf(Date.UTC(2026, 11, 31));
    expect(month).toMatchObject({ name: '2026_12', end: Date.UTC(2027, 0) });
    expect(firstIdAt(month.end - 1) < month.to && firstIdAt(month.end) >= month.to).toBe(true);
    expect(monthOf(Date.UTC(2026, 11, 31), 1).name).toBe('2027_01');
  });

  it('have a month only when a clock can have made them', () => {
    const now = Date.UTC(2026, 10, 25);
    const ids = [firstIdAt(now), firstIdAt(now - 90 * DAY), firstIdAt(now + 400 * DAY), firstIdAt(5), 'r1', ''];
    expect([...monthsOf(ids, now).keys()]).toEqual(['2026_11', '2026_08']);
  });
});

const there = await hasPostgres("the ledger's months in PostgreSQL");

describe.runIf(there)('months in PostgreSQL', () => {
  let schema: TestSchema;
  const now = Date.UTC(2026, 10, 25, 12);

  beforeEach(async () => {
    schema = await createSchema();
  });

  afterEach(() => schema.drop());

  const clockAt = (at: number) => ({ now: () => at, elapsed: () => at });
  const newId = (at: number) => createIds(clockAt(at), Math.random)();
  const settled = (at: number): Rec[] => {
    const id = newId(at);
    return [{ ...intentOf(id, at), prompt: { body: 'b' } }, outcomeOf(id, at, 1n), feedbackOf(newId(at), id, at)];
  };
  const rowsByPartition = async (table: string) =>
    Object.fromEntries(
      (await schema.ask(`select tableoid::regclass::text as part, count(*)::int as n from ${table} group by 1`)).map(
        ({ part, n }) => [String(part).replace(`${table}_`, ''), n],
      ),
    );

  it('each have a partition of every big table, and strange ids one for all', async () => {
    const store = await openStore(schema.url, { clock: clockAt(now) });
    await store.append([now, now - 40 * DAY, now + 900 * DAY].flatMap(settled));
    await store.append([intentOf('r1', now), outcomeOf('r1', now, 1n)]);
    for (const table of ['requests', 'decisions', 'attempts']) {
      expect(await rowsByPartition(table)).toEqual({ '2026_11': 1, '2026_10': 1, default: 2 });
    }
    for (const table of ['feedback', 'prompts']) {
      expect(await rowsByPartition(table)).toEqual({ '2026_11': 1, '2026_10': 1, default: 1 });
    }
    // Made ahead of time: nobody waits for it when the month begins.
    expect(await schema.ask("select to_regclass('requests_2026_12') is not null as there")).toEqual([{ there: true }]);
    expect(await store.entries({ limit: 9 })).toHaveLength(4);
    await store.close();
  });

  it('take over the rows that came before they were made', async () => {
    const before = await openStore(schema.url, { clock: clockAt(now - 300 * DAY) });
    await before.append([settled(now), settled(now - 1)].flat());
    await before.close();
    expect(await rowsByPartition('requests')).toEqual({ default: 2 });
    const store = await openStore(schema.url, { clock: clockAt(now) });
    await store.append(settled(now));
    expect(await rowsByPartition('requests')).toEqual({ '2026_11': 3 });
    expect(await rowsByPartition('attempts')).toEqual({ '2026_11': 3 });
    expect(await store.entries({ limit: 9 })).toHaveLength(3);
    await store.close();
  });

  it('are made once by several processes at once, while others write', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore(schema.url, { clock: clockAt(now) })));
    const times = Array.from({ length: 8 }, (_, i) => now - i * 31 * DAY);
    await Promise.all(stores.flatMap((store) => times.map((at) => store.append(settled(at)))));
    const [total] = (await stores[0]?.usage({ since: 0, until: now + 1 })) ?? [];
    expect(total?.requests).toBe(32);
    expect(Object.keys(await rowsByPartition('requests'))).toHaveLength(8);
    for (const store of stores) await store.close();
  });

  it('go as a whole once they are old, unless a request in them is in flight; sums stay', async () => {
    const store = await openStore(schema.url, { clock: clockAt(now) });
    const [july, august, september] = [now - 130 * DAY, now - 95 * DAY, now - 65 * DAY];
    const open = newId(august);
    await store.append([july, august, september, now].flatMap(settled));
    await store.append([intentOf(open, august)], { source: 's', at: { segment: 's-1.log', offset: 1 } });
    const sums = await store.usage({ since: 0, until: now + 1 });
    const before = Date.UTC(2026, 8, 25);
    let gone = 0;
    for (let n = await store.prune(before); n > 0; n = await store.prune(before)) gone += n;
    expect(gone).toBeGreaterThan(0);
    const parts = await schema.ask(`
      select child.relname as name from pg_inherits join pg_class child on child.oid = inhrelid
      where inhparent = 'requests'::regclass order by 1`);
    // Of August the settled request went, the one in flight stays; of September only what is old enough.
    expect(parts.map(({ name }) => name)).not.toContain('requests_2026_07');
    expect(await rowsByPartition('requests')).toEqual({ '2026_08': 1, '2026_11': 1 });
    expect(await rowsByPartition('attempts')).toEqual({ '2026_11': 1 });
    expect(await rowsByPartition('feedback')).toEqual({ '2026_11': 1 });
    expect(await rowsByPartition('prompts')).toEqual({ '2026_11': 1 });
    expect(await store.usage({ since: 0, until: now + 1 })).toEqual(sums);
    expect(await store.interrupt('s', now)).toBe(1);
    for (let n = 1; n > 0;) n = await store.prune(before);
    expect(await rowsByPartition('requests')).toEqual({ '2026_11': 1 });
    // What comes late for a month that is gone has a place all the same.
    await store.append(settled(july));
    expect(Object.values(await rowsByPartition('requests'))).toEqual([1, 1]);
    await store.close();
  });
});
