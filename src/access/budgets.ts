import type { Stretch } from '../calendar.ts';
import type { Clock } from '../clock.ts';
import type { Grant, Lease, State } from '../state/state.ts';
import type { Account } from './accounts.ts';
import { createReserve, type Exhausted, type Part, type Reserve } from './reserve.ts';
import { createStandings, keyOf, LEAN_FROM, nameOf, nanoOf, shareOf, type Standing } from './standings.ts';

/** How far choices are to lean: to what share of what the strategy would spend. */
export interface Leaning {
  /** Name of the account. */
  readonly budget: string;
  /** Share that is spent or reserved; 1 and more when nothing is left. */
  readonly used: number;
  /** 0 = the cheapest. */
  readonly share: number;
}

/** How a budget stands. */
export interface Level {
  readonly account: Account;
  readonly period: Stretch;
  /** Nano-dollars, reserves of requests under way included. */
  readonly used: number;
}

/** Spending limits: reserve before, settle after. */
export interface Budgets {
  /** Set when a budget is nearly spent: by the one that leaves least. */
  leaning(accounts: readonly Account[]): Leaning | undefined;
  /**
   * Sets `nano` nano-dollars aside on each account, or on none of them. An account with anything left takes one reserve
   * more than it has; `always` goes on with those whose `atLimit` is `cheapest`.
   */
  reserve(accounts: readonly Account[], nano: bigint, grant: Extract<Grant, 'any' | 'always'>): Promise<Reserve>;
  /** Share of each budget of the current period that is used, as this process last saw it. */
  seen(): readonly (readonly [name: string, used: number])[];
  /** How the budgets stand now: those given, and those of keys that have asked since the start. */
  levels(accounts: readonly Account[]): Promise<readonly Level[]>;
}

/**
 * What was spent on an account so far in a period, nano-dollars: settled requests, and those that were interrupted at their
 * reserve. What cannot be told yet is handed to `late` once it can.
 */
export type Spent = (account: Account, period: Stretch, late: (nano: number) => void) => Promise<number>;

/** An account that a request counts against. */
interface Held {
  readonly account: Account;
  readonly standing: Standing;
}

/** {@link Budgets} over a {@link State}; a budget that nobody has counted yet begins with what the ledger says was `spent`. */
export function createBudgets(state: State, clock: Clock, spent: Spent): Budgets {
  const standings = createStandings(state, clock);
  const take = (account: Account, standing: Standing, n: number, grant: 'any' | 'always'): Promise<Lease> => {
    const { period } = standing;
    const [max, until] = [nanoOf(account.budget), period.end];
    const late = async (nano: number): Promise<void> => {
      const { used } = await state.take(keyOf(account, period), nano, { max, until, grant: 'always' });
      standings.saw(account, standing, used);
    };
    return state.take(keyOf(account, period), n, {
      max,
      until,
      grant: account.budget.atLimit === 'cheapest' ? grant : 'any',
      used: () => spent(account, period, (nano) => void late(nano)),
    });
  };

  const setAside = async (held: readonly Held[], n: number, grant: 'any' | 'always'): Promise<Part | Exhausted> => {
    const leases = await Promise.all(held.map(({ account, standing }) => take(account, standing, n, grant)));
    let exhausted: Exhausted | undefined;
    const parts = leases.flatMap((lease, i) => {
      const at = held[i];
      if (at === undefined) return [];
      const { account, standing } = at;
      standings.saw(account, standing, lease.used);
      if (!lease.granted) {
        exhausted ??= { account, resetAt: standing.period.end };
        return [];
      }
      return (unused: number) => {
        lease.release(unused);
        standings.saw(account, standing, Math.max(0, standing.used - unused));
      };
    });
    const release = (unused: number) => {
      for (const part of parts) part(unused);
    };
    if (exhausted === undefined) return { n, release };
    release(n);
    return exhausted;
  };

  return {
    leaning(accounts) {
      let least: Leaning | undefined;
      for (const account of accounts) {
        const standing = standings.of(account);
        const used = standing.used / nanoOf(account.budget);
        if (used < LEAN_FROM) continue;
        const share = Math.round(shareOf(account, standing, clock.now()) * 100) / 100;
        if (share < (least?.share ?? 1)) least = { budget: account.name, used, share };
      }
      return least;
    },
    async reserve(accounts, nano, grant) {
      const held = accounts.map((account) => ({ account, standing: standings.of(account) }));
      const first = await setAside(held, Number(nano), grant);
      return 'account' in first
        ? { exhausted: first, raise: async () => false, settle: () => {} }
        : createReserve(first, (more) => setAside(held, more, 'always'));
    },
    seen: () =>
      standings
        .all()
        .filter(({ period }) => period.end > clock.now())
        .map(({ account: { name, budget }, used }) => [`${name} per ${budget.per}`, used / nanoOf(budget)] as const),
    async levels(accounts) {
      const names = new Set(accounts.map(nameOf));
      const ofKeys = standings
        .all()
        .map(({ account }) => account)
        .filter(({ by }) => by === 'key');
      const asked = [...accounts, ...ofKeys.filter((account) => !names.has(nameOf(account)))];
      return Promise.all(
        asked.map(async (account) => {
          const standing = standings.of(account);
          const { used } = await take(account, standing, 0, 'always');
          standings.saw(account, standing, used);
          return { account, period: standing.period, used };
        }),
      );
    },
  };
}
