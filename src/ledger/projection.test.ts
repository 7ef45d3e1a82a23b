import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { project } from './projection.ts';
import { readReport } from './usage-report.ts';
import { openStore } from './open-store.ts';
import { intentOf, outcomeOf } from './fixtures.ts';
import type { Store } from './store.ts';

describe('a projection', () => {
  it('is the mean of the units for what is left, with Student’s interval', () => {
    // Mean 2, variance 1, t(2) = 4.303: 6.5 + 2×2, half of the interval 4.303 × √(2 + 4/3) = 7.8562
    const found = project({ spent: 6.5, units: [1, 2, 3], left: 2, unit: 'day' });
    expect(found).toMatchObject({ usd: 10.5, low: 6.5, from: 3, method: expect.stringContaining('3 whole days') });
    expect(found?.high).toBeCloseTo(18.3562, 4);
  });

  it('has no spread where every unit costs the same', () => {
    expect(project({ spent: 4, units: [1, 1, 1, 1], left: 3, unit: 'day' })).toMatchObject({ usd: 7, low: 7, high: 7 });
  });

  it.each([[[]], [[5]]])('is none of %j: one unit says nothing of the others', (units) => {
    expect(project({ spent: 5, units, left: 3, unit: 'day' })).toBeNull();
  });

  it('never says less than what is spent, and is what is spent when nothing is left', () => {
    const usd = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(fc.array(usd, { minLength: 2, maxLength: 40 }), usd, fc.nat(31), (units, more, left) => {
        const spent = units.reduce((sum, one) => sum + one, more);
        const found = project({ spent, units, left, unit: 'day' });
        expect(found?.low).toBeGreaterThanOrEqual(spent);
        expect(found?.high).toBeGreaterThanOrEqual(found?.usd ?? Number.NaN);
        if (left === 0) expect(found).toMatchObject({ usd: spent, low: spent, high: spent });
      }),
    );
  });
});

describe('a report', () => {
  const now = Date.parse('2026-11-05T12:00:00Z');
  const clock = { now: () => now, elapsed: () => 0 };
  let n = 0;
  const spend = async (store: Store, time: string, usd: number, rest: object = {}): Promise<void> => {
    const [id, at] = [`r${n++}`, Date.parse(time)];
    await store.append([intentOf(id, at, rest), outcomeOf(id, at, BigInt(usd * 1e9))]);
  };

  it('of a month projects from its whole days, in its zone, and counts those without a request', async () => {
    const store = await openStore('memory:', { clock });
    await spend(store, '2026-10-20T12:00:00Z', 100);
    // The 1st, 2nd and 4th of November in Berlin; the 3rd has none, the 5th is not over.
    await spend(store, '2026-10-31T23:30:00Z', 2);
    await spend(store, '2026-11-02T12:00:00Z', 4, { tags: { team: 'a', env: 'x' } });
    await spend(store, '2026-11-03T23:00:00Z', 2);
    await spend(store, '2026-11-05T01:00:00Z', 1);
    const report = await readReport(store, { period: 'month', zone: 'Europe/Berlin', by: 'tag' }, now);
    expect(new Date(report.since).toISOString()).toBe('2026-10-31T23:00:00.000Z');
    expect(report.total).toMatchObject({ requests: 4, costUsd: 9 });
    expect(report.data.map(({ group, costUsd }) => [group, costUsd])).toEqual([
      ['', 5],
      ['env=x', 4],
      ['team=a', 4],
    ]);
    // 9 + 2 USD a day for 11/24 of the 5th and 25 days
    expect(report.projection?.usd).toBeCloseTo(9 + 2 * (11 / 24 + 25), 9);
    expect(report.projection).toMatchObject({ from: 4 });
    await store.close();
  });

  it('of a ledger that began within the month leaves its first day out, and says nothing of one day', async () => {
    const store = await openStore('memory:', { clock });
    await spend(store, '2026-11-02T23:00:00Z', 1);
    await spend(store, '2026-11-03T10:00:00Z', 5);
    await spend(store, '2026-11-04T10:00:00Z', 7);
    const report = await readReport(store, { period: 'month' }, now);
    expect(report.projection).toMatchObject({ from: 2, usd: 13 + 6 * 25.5 });
    expect((await readReport(store, { period: 'week' }, now)).projection).toMatchObject({ from: 2 });
    const young = await openStore('memory:', { clock });
    await spend(young, '2026-11-03T23:00:00Z', 1);
    await spend(young, '2026-11-04T10:00:00Z', 1);
    expect((await readReport(young, { period: 'month' }, now)).projection).toBeNull();
    await store.close();
    await young.close();
  });

  it('of nothing is nothing', async () => {
    const store = await openStore('memory:', { clock });
    expect(await readReport(store, { period: 'today' }, now)).toMatchObject({
      data: [],
      total: { requests: 0, costUsd: 0 },
      projection: null,
      savings: { method: expect.stringContaining('routing.default') },
    });
    await store.close();
  });
});
