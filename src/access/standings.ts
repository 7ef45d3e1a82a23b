import { periodOf, type Stretch } from '../calendar.ts';
import type { Clock } from '../clock.ts';
import type { Budget } from '../config/schema.ts';
import type { State } from '../state/state.ts';
import type { Account } from './accounts.ts';

/** From here on choices lean towards cheaper models, so that the rest lasts until the period's end. */
export const LEAN_FROM = 0.8;

/** How an account stands in the current period, as this process last saw it. */
export interface Standing {
  /** As it was last seen: a new configuration may have another budget of the same period. */
  account: Account;
  readonly period: Stretch;
  used: number;
  /** Nano-dollars per millisecond up to when {@link LEAN_FROM} was reached; undefined below it. */
  rate: number | undefined;
}

/** Budgets in USD, counted in nano-dollars; numbers of `state/` are exact up to nine million USD. */
export const nanoOf = ({ usd }: Budget): number => Math.min(Math.round(usd * 1e9), Number.MAX_SAFE_INTEGER / 2);

/** Names what is counted; budgets of two configurations that have it in common go on from one another. */
export const nameOf = ({ name, nth = 0, budget: { per, zone } }: Account): string =>
  `${name}:${per}:${zone}${nth === 0 ? '' : `:${nth}`}`;

/** Accounts that are remembered for {@link Budgets.levels}. */
const MAX_STANDINGS = 10_000;

/** Of what the strategy would spend, the share at which the rest lasts until the period's end. */
export function shareOf({ budget }: Account, { period, used, rate }: Standing, now: number): number {
  const left = nanoOf(budget) - used;
  if (left <= 0) return 0;
  const allowed = left / Math.max(1, period.end - now);
  return rate === undefined || rate <= 0 ? 1 : Math.min(1, allowed / rate);
}

/** Names the sum of an account in a period. */
export const keyOf = (account: Account, { start }: Stretch): string => `budget:${nameOf(account)}:${start}`;

/** How accounts stand, as this process last saw it. */
export interface Standings {
  of(account: Account): Standing;
  /** So much is used of it now. */
  saw(account: Account, standing: Standing, used: number): void;
  /** Of periods that are over, too. */
  all(): readonly Standing[];
}

/** Makes {@link Standings}. */
export function createStandings(state: State, clock: Clock): Standings {
  const standings = new Map<string, Standing>();

  const of = (account: Account): Standing => {
    const known = standings.get(nameOf(account));
    if (known !== undefined && known.period.end > clock.now()) {
      known.account = account;
      return known;
    }
    const { per, zone } = account.budget;
    const standing: Standing = { account, period: periodOf(clock.now(), per, zone), used: 0, rate: undefined };
    if (standings.size >= MAX_STANDINGS) standings.clear();
    standings.set(nameOf(account), standing);
    return standing;
  };
  const rateCell = (account: Account, period: Stretch) => state.cell<number>(`budget-rate:${keyOf(account, period)}`);

  const saw = (account: Account, standing: Standing, used: number): void => {
    const { period, rate } = standing;
    standing.used = used;
    const leans = used >= LEAN_FROM * nanoOf(account.budget);
    if (leans === (rate !== undefined)) return;
    const cell = rateCell(account, period);
    const left = Math.max(1, period.end - clock.now());
    if (!leans) {
      // It was a reserve that had reached it: what is spent reaches it later, and more slowly.
      standing.rate = undefined;
      cell.set(0, left);
      return;
    }
    const known = cell.get() ?? 0;
    standing.rate = known > 0 ? known : used / Math.max(1, clock.now() - period.start);
    if (known === 0) cell.set(standing.rate, left);
  };

  return { of, saw, all: () => [...standings.values()] };
}
