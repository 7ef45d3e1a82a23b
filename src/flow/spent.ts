import type { Spent } from '../access/budgets.ts';
import type { Account } from '../access/accounts.ts';
import type { Stretch } from '../calendar.ts';
import type { Clock } from '../clock.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Log } from '../telemetry/log.ts';

/** How long a first request waits for the store to say what was spent before, milliseconds. */
const PATIENCE_MS = 2000;
/** Between two tries to read what could not be read then, milliseconds. */
const AGAIN_MS = 5000;

function late(ms: number): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`the store did not answer within ${ms} ms`)), ms).unref();
  });
}

/**
 * What the ledger knows was spent on an account up to now. Where the store cannot say, nothing and a warning, and the
 * amount as soon as it can.
 */
export function spentOf({ flush, store }: Pick<Ledger, 'flush' | 'store'>, clock: Clock, log: Log): Spent {
  const read = async ({ by, group }: Account, { start, end }: Stretch): Promise<number> => {
    await flush();
    const rows = await store.usage({ since: start, until: end, ...(by === undefined ? {} : { by }) });
    const row = rows.find((each) => by === undefined || each.group === group);
    return Math.round((row?.costUsd ?? 0) * 1e9);
  };
  const soon = (account: Account, before: Stretch) => Promise.race([read(account, before), late(PATIENCE_MS)]);
  const readLater = (account: Account, before: Stretch, end: number, told: (nano: number) => void): void => {
    const again = async (): Promise<void> => {
      if (clock.now() >= end) return;
      try {
        const nano = await soon(account, before);
        log.info({ budget: account.name, usd: nano / 1e9 }, 'what was spent before is known now: the budget counts it');
        if (nano > 0) told(nano);
      } catch {
        setTimeout(() => void again(), AGAIN_MS).unref();
      }
    };
    setTimeout(() => void again(), AGAIN_MS).unref();
  };
  return async (account, { start, end }, told) => {
    const before = { start, end: clock.now() };
    try {
      return await soon(account, before);
    } catch (error) {
      log.error(
        { budget: account.name, error: String(error) },
        'what was spent before cannot be read: until it can, the budget counts from now on',
      );
      readLater(account, before, end, told);
      return 0;
    }
  };
}
