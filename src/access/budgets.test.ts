import { describe, expect, it } from 'vitest';
import { manualClock } from '../state/conformance.ts';
import { createMemoryState } from '../state/memory.ts';
import { createAccounts, type Account } from './accounts.ts';
import { createBudgets } from './budgets.ts';

const DAY = 86_400_000;
/** The start of a day in UTC. */
const MIDNIGHT = Date.parse('2026-11-25T00:00:00Z');

const account = (usd: number, rest: object = {}): Account => ({
  name: 'role r',
  by: 'role',
  group: 'r',
  budget: { usd, per: 'day', zone: 'UTC', atLimit: 'refuse', ...rest },
});

function open(spent: (at: number) => number = () => 0) {
  const clock = manualClock(MIDNIGHT);
  const budgets = createBudgets(createMemoryState(clock), clock, async (_account, { start }) => spent(start));
  return { clock, budgets };
}

/** A day of requests, a minute apart, each costing what the strategy would spend or the share of it that it leans to. */
async function dayOf(usdPerRequest: number, budget: Account) {
  const { clock, budgets } = open();
  const result = { answered: 0, refused: 0, spent: 0, leantFrom: 0 };
  for (let minute = 0; minute < 24 * 60; minute++) {
    const leaning = budgets.leaning([budget]);
    if (leaning !== undefined && result.leantFrom === 0) result.leantFrom = leaning.used;
    const cost = Math.round(usdPerRequest * (leaning?.share ?? 1) * 1e9);
    const reserve = await budgets.reserve([budget], BigInt(2 * cost), 'any');
    if (reserve.exhausted === undefined) {
      result.answered++;
      result.spent += cost / 1e9;
      reserve.settle(BigInt(cost));
    } else result.refused++;
    clock.advance(60_000);
  }
  return result;
}

describe('a budget that would be overrun', () => {
  it.each([1.1, 1.5, 3])('lasts until the period’s end (%s times what there is)', async (factor) => {
    const day = await dayOf((10 * factor) / 1440, account(10));
    expect(day.refused).toBe(0);
    expect(day.leantFrom).toBeGreaterThanOrEqual(0.8);
    expect(day.leantFrom).toBeLessThan(0.82);
    expect(day.spent).toBeGreaterThan(9.5);
    // The last request may go beyond by its reserve.
    expect(day.spent).toBeLessThanOrEqual(10 + (2 * 10 * factor) / 1440);
  });

  it('changes nothing where the day ends before', async () => {
    const day = await dayOf(10 / 1440 / 1.3, account(10));
    expect(day).toMatchObject({ refused: 0, leantFrom: 0, answered: 1440 });
  });

  it('leans by what is spent, not by a reserve that came back', async () => {
    const { clock, budgets } = open();
    const mine = account(1);
    clock.advance(1000);
    const large = await budgets.reserve([mine], 850_000_000n, 'any');
    expect(budgets.leaning([mine])).toMatchObject({ share: 0 });
    large.settle(1_000_000n);
    clock.advance(20 * 3_600_000);
    (await budgets.reserve([mine], 805_000_000n, 'any')).settle(805_000_000n);
    // 80.6 % after 83 % of the day: there is nothing to save.
    expect(budgets.leaning([mine])).toBeUndefined();
  });

  it('starts anew with the next period', async () => {
    const { clock, budgets } = open();
    const mine = account(1);
    await budgets.reserve([mine], 2_000_000_000n, 'any');
    expect((await budgets.reserve([mine], 1n, 'any')).exhausted).toMatchObject({ resetAt: MIDNIGHT + DAY });
    clock.advance(DAY);
    expect(budgets.leaning([mine])).toBeUndefined();
    expect((await budgets.reserve([mine], 1n, 'any')).exhausted).toBeUndefined();
  });

  it('begins with what was spent before', async () => {
    const { budgets } = open(() => 900_000_000);
    const mine = account(1);
    expect((await budgets.reserve([mine], 200_000_000n, 'any')).exhausted).toBeUndefined();
    expect((await budgets.reserve([mine], 1n, 'any')).exhausted).toBeDefined();
    expect(await budgets.levels([mine])).toMatchObject([{ used: 1_100_000_000 }]);
  });

  it('takes more for a request while anything is left, and gives back what was not used of all of it', async () => {
    const { budgets } = open();
    const mine = account(1);
    const used = async () => (await budgets.levels([mine]))[0]?.used;
    const cheap = await budgets.reserve([mine], 100_000_000n, 'any');
    expect(await cheap.raise(950_000_000n)).toBe(true);
    expect(await used()).toBe(1_050_000_000);
    expect(await cheap.raise(1n)).toBe(false);
    cheap.settle(700_000_000n);
    expect(await used()).toBe(700_000_000);
    // It is over: whoever raises it now gets nothing.
    expect(await cheap.raise(1n)).toBe(false);
    const dear = await budgets.reserve([mine], 100_000_000n, 'any');
    expect(await dear.raise(100_000_000n)).toBe(true);
    dear.settle(250_000_000n);
    expect(await used()).toBe(950_000_000);
    const unknown = await budgets.reserve([mine], 10_000_000n, 'any');
    await unknown.raise(10_000_000n);
    unknown.settle(null);
    expect(await used()).toBe(970_000_000);
  });

  it('is counted once by each of several for the same requests', async () => {
    const { budgets } = open();
    const day = { per: 'day' as const, zone: 'UTC' };
    const accounts = createAccounts({
      budgets: [
        { ...day, usd: 1, atLimit: 'cheapest' },
        { ...day, usd: 2, atLimit: 'refuse' },
        { ...day, usd: 3, atLimit: 'refuse', tag: 'team=red' },
        { ...day, usd: 4, atLimit: 'refuse', tag: 'team=red' },
      ],
      roles: {},
    });
    const payer = { tags: { team: 'red' } };
    await budgets.reserve(accounts.of(payer), 500_000_000n, 'any');
    const levels = await budgets.levels(accounts.configured);
    expect(levels.map(({ used }) => used)).toEqual([500_000_000, 500_000_000, 500_000_000, 500_000_000]);
  });

  it('is shown as a new configuration has it', async () => {
    const { budgets } = open();
    const key = (usd: number): Account => ({ ...account(usd), by: 'key', name: 'key k', group: 'k' });
    await budgets.reserve([key(1)], 500_000_000n, 'any');
    await budgets.reserve([key(10)], 500_000_000n, 'any');
    expect(await budgets.levels([])).toMatchObject([{ account: { budget: { usd: 10 } }, used: 1_000_000_000 }]);
    expect(budgets.seen()).toEqual([['key k per day', 0.1]]);
  });

  it('takes nothing of any budget where one has nothing left', async () => {
    const { budgets } = open();
    const [mine, all] = [account(1), { ...account(1), name: 'all requests' }];
    await budgets.reserve([all], 1_000_000_000n, 'any');
    expect((await budgets.reserve([mine, all], 500_000_000n, 'any')).exhausted?.account).toBe(all);
    expect(await budgets.levels([mine])).toMatchObject([{ used: 0 }]);
  });
});

describe('the budgets of a request', () => {
  const accounts = createAccounts({
    budgets: [
      { usd: 1, per: 'day', zone: 'UTC', atLimit: 'refuse' },
      { usd: 2, per: 'month', zone: 'UTC', atLimit: 'refuse', tag: 'team=red' },
    ],
    roles: { r: { budget: account(3).budget }, s: {} },
  });
  const names = (payer: Parameters<typeof accounts.of>[0]) => accounts.of(payer).map(({ name }) => name);

  it('are those of all, of its role, its key and its tags', () => {
    expect(names({})).toEqual(['all requests']);
    expect(names({ role: 's', key: 'k', tags: { team: 'blue' } })).toEqual(['all requests']);
    expect(names({ role: 'r', key: 'k', keyBudget: account(4).budget, tags: { team: 'red', x: 'y' } })).toEqual([
      'all requests',
      'role r',
      'key k',
      'tag team=red',
    ]);
  });
});
