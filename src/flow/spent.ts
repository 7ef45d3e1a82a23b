import type { Spent } from '../access/budgets.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../telemetry/log.ts';

/** How long a first request waits for the store to say what was spent before, milliseconds. */
const PATIENCE_MS = 2000;

function late(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the store did not answer within ${ms} ms`)), ms).unref();
  });
}

/** What the ledger knows was spent on an account; nothing, and a warning, where the store cannot say. */
export function spentOf({ flush, store }: Pick<Ledger, 'flush' | 'store'>, log: Log): Spent {
  const read: Spent = async ({ by, group }, { start, end }) => {
    await flush();
    const rows = await store.usage({ since: start, until: end, ...(by === undefined ? {} : { by }) });
    const row = rows.find((each) => by === undefined || each.group === group);
    return Math.round((row?.costUsd ?? 0) * 1e9);
  };
  return async (account, period) => {
    try {
      return await Promise.race([read(account, period), late(PATIENCE_MS)]);
    } catch (error) {
      log.error(
        { budget: account.name, error: String(error) },
        'what was spent before cannot be read: the budget counts from now on',
      );
      return 0;
    }
  };
}
