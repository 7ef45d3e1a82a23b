import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Account } from '../access/accounts.ts';
import { createBudgets } from '../access/budgets.ts';
import type { UsageFilter, UsageRow } from '../ledger/store.ts';
import { noUsage } from '../ledger/usage-report.ts';
import { manualClock } from '../state/conformance.ts';
import { createMemoryState } from '../state/memory.ts';
import { silentLog } from '../telemetry/log.ts';
import { spentOf } from './spent.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('a budget whose past could not be read counts it once it can, and what was spent meanwhile once', async () => {
  const clock = manualClock(Date.parse('2026-11-25T10:00:00Z'));
  let down = true;
  const asked: UsageFilter[] = [];
  const usage = async (filter: UsageFilter): Promise<UsageRow[]> => {
    asked.push(filter);
    if (down) throw new Error('connection refused');
    return [{ ...noUsage(0), costUsd: 0.7 }];
  };
  const ledger = { flush: async () => true, store: { usage } } as unknown as Parameters<typeof spentOf>[0];
  const budgets = createBudgets(createMemoryState(clock), clock, spentOf(ledger, clock, silentLog));
  const account: Account = {
    name: 'all requests',
    group: '',
    budget: { usd: 1, per: 'day', zone: 'UTC', atLimit: 'refuse' },
  };
  const opened = clock.now();
  const first = await budgets.reserve([account], 400_000_000n, 'any');
  first.settle(400_000_000n);
  clock.advance(60_000);
  await vi.advanceTimersByTimeAsync(6000);
  expect((await budgets.levels([account]))[0]?.used).toBe(400_000_000);
  down = false;
  await vi.advanceTimersByTimeAsync(6000);
  expect((await budgets.levels([account]))[0]?.used).toBe(1_100_000_000);
  expect((await budgets.reserve([account], 1n, 'any')).exhausted).toBeDefined();
  // What this process has counted itself since then is on the ledger by now: it is not asked for.
  expect(asked.every(({ until }) => until === opened)).toBe(true);
});
