import { periodOf, type Stretch } from '../calendar.ts';
import type { Clock } from '../clock.ts';
import type { Budget, Config } from '../config/schema.ts';
import type { Grant, Lease, State } from '../state/state.ts';

/** A budget, and the requests that it is for. */
export interface Account {
  /** In words: `role engineer`, `key ci`, `tag team=red`, `all requests`. */
  readonly name: string;
  readonly budget: Budget;
  /** Left out: every request. */
  readonly by?: 'key' | 'role' | 'tag';
  /** The key's or role's name, or `name=value` of the tag. */
  readonly group: string;
  /** Which of several budgets for the same requests, from 0: one may lead to cheaper models, a larger one refuse. */
  readonly nth?: number;
}

/** Who asks, as far as budgets care. */
export interface Payer {
  readonly role?: string | undefined;
  readonly key?: string | undefined;
  readonly keyBudget?: Budget | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The budgets of a configuration. */
export interface Accounts {
  /** Those that a request counts against. */
  of(payer: Payer): readonly Account[];
  /** All of them but those of keys. */
  readonly configured: readonly Account[];
}

const NONE: readonly Account[] = [];

/** The budgets of a configuration; keys bring their own. */
export function createAccounts({ budgets, roles }: Pick<Config, 'budgets' | 'roles'>): Accounts {
  const all: Account[] = [];
  const tags = new Map<string, Account[]>();
  const nthOf = (known: readonly Account[], { per, zone }: Budget): number =>
    known.filter(({ budget }) => budget.per === per && budget.zone === zone).length;
  for (const { tag, ...budget } of budgets) {
    if (tag === undefined) all.push({ name: 'all requests', budget, group: '', nth: nthOf(all, budget) });
    else {
      const known = tags.get(tag) ?? [];
      tags.set(tag, [...known, { name: `tag ${tag}`, budget, by: 'tag', group: tag, nth: nthOf(known, budget) }]);
    }
  }
  const ofRoles = new Map(
    Object.entries(roles).flatMap(([role, { budget }]): [string, Account][] =>
      budget === undefined ? [] : [[role, { name: `role ${role}`, budget, by: 'role', group: role }]],
    ),
  );
  const configured = [...all, ...ofRoles.values(), ...[...tags.values()].flat()];
  return {
    configured,
    of(payer) {
      if (configured.length === 0 && payer.keyBudget === undefined) return NONE;
      const found = [...all];
      const ofRole = payer.role === undefined ? undefined : ofRoles.get(payer.role);
      if (ofRole !== undefined) found.push(ofRole);
      if (payer.keyBudget !== undefined && payer.key !== undefined) {
        found.push({ name: `key ${payer.key}`, budget: payer.keyBudget, by: 'key', group: payer.key });
      }
      if (tags.size > 0) {
        for (const [name, value] of Object.entries(payer.tags ?? {}))
          found.push(...(tags.get(`${name}=${value}`) ?? []));
      }
      return found;
    },
  };
}

/** From here on choices lean towards cheaper models, so that the rest lasts until the period's end. */
const LEAN_FROM = 0.8;

/** How far choices are to lean: to what share of what the strategy would spend. */
export interface Leaning {
  /** Name of the account. */
  readonly budget: string;
  /** Share that is spent or reserved; 1 and more when nothing is left. */
  readonly used: number;
  /** 0 = the cheapest. */
  readonly share: number;
}

/** A budget that had nothing left. */
export interface Exhausted {
  readonly account: Account;
  /** When it starts anew, epoch milliseconds. */
  readonly resetAt: number;
}

/** What was set aside for one request. */
export interface Reserve {
  /** Nothing was set aside, because this one had nothing left. */
  readonly exhausted?: Exhausted;
  /** What it cost in the end, nano-dollars; null when nobody knows: then all of it stays spent. */
  settle(cost: bigint | null): void;
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

/** What was spent in a stretch of time on an account, nano-dollars: settled requests, and those that were interrupted at their reserve. */
export type Spent = (account: Account, period: Stretch) => Promise<number>;

interface Standing {
  /** As it was last seen: a new configuration may have another budget of the same period. */
  account: Account;
  readonly period: Stretch;
  used: number;
  /** Nano-dollars per millisecond up to when {@link LEAN_FROM} was reached; undefined below it. */
  rate: number | undefined;
}

/** Budgets in USD, counted in nano-dollars; numbers of `state/` are exact up to nine million USD. */
const nanoOf = ({ usd }: Budget): number => Math.min(Math.round(usd * 1e9), Number.MAX_SAFE_INTEGER / 2);

/** Names what is counted; budgets of two configurations that have it in common go on from one another. */
const nameOf = ({ name, nth = 0, budget: { per, zone } }: Account): string =>
  `${name}:${per}:${zone}${nth === 0 ? '' : `:${nth}`}`;

/** Of what the strategy would spend, the share at which the rest lasts until the period's end. */
function shareOf({ budget }: Account, { period, used, rate }: Standing, now: number): number {
  const left = nanoOf(budget) - used;
  if (left <= 0) return 0;
  const allowed = left / Math.max(1, period.end - now);
  return rate === undefined || rate <= 0 ? 1 : Math.min(1, allowed / rate);
}

/** Accounts that are remembered for {@link Budgets.levels}. */
const MAX_STANDINGS = 10_000;

/** {@link Budgets} over a {@link State}; a budget that nobody has counted yet begins with what the ledger says was `spent`. */
export function createBudgets(state: State, clock: Clock, spent: Spent): Budgets {
  const standings = new Map<string, Standing>();

  const standingOf = (account: Account): Standing => {
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
  const keyOf = (account: Account, { start }: Stretch): string => `budget:${nameOf(account)}:${start}`;
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
  const take = (account: Account, standing: Standing, n: number, grant: 'any' | 'always'): Promise<Lease> => {
    const { period } = standing;
    return state.take(keyOf(account, period), n, {
      max: nanoOf(account.budget),
      until: period.end,
      grant: account.budget.atLimit === 'cheapest' ? grant : 'any',
      used: () => spent(account, period),
    });
  };

  return {
    leaning(accounts) {
      let least: Leaning | undefined;
      for (const account of accounts) {
        const standing = standingOf(account);
        const used = standing.used / nanoOf(account.budget);
        if (used < LEAN_FROM) continue;
        const share = Math.round(shareOf(account, standing, clock.now()) * 100) / 100;
        if (share < (least?.share ?? 1)) least = { budget: account.name, used, share };
      }
      return least;
    },
    async reserve(accounts, nano, grant) {
      const n = Number(nano);
      const held = accounts.map((account) => ({ account, standing: standingOf(account) }));
      const leases = await Promise.all(held.map(({ account, standing }) => take(account, standing, n, grant)));
      let exhausted: Exhausted | undefined;
      for (const [i, lease] of leases.entries()) {
        const at = held[i];
        if (at === undefined) continue;
        saw(at.account, at.standing, lease.used);
        if (!lease.granted) exhausted ??= { account: at.account, resetAt: at.standing.period.end };
      }
      let open = true;
      const giveBack = (unused: number): void => {
        if (!open) return;
        open = false;
        for (const [i, lease] of leases.entries()) {
          if (!lease.granted) continue;
          lease.release(unused);
          const at = held[i];
          if (at !== undefined) saw(at.account, at.standing, Math.max(0, at.standing.used - unused));
        }
      };
      if (exhausted !== undefined) {
        giveBack(n);
        return { exhausted, settle: () => {} };
      }
      return { settle: (cost) => giveBack(cost === null ? 0 : n - Number(cost)) };
    },
    seen: () =>
      [...standings.values()]
        .filter(({ period }) => period.end > clock.now())
        .map(({ account: { name, budget }, used }) => [`${name} per ${budget.per}`, used / nanoOf(budget)] as const),
    async levels(accounts) {
      const names = new Set(accounts.map(nameOf));
      const ofKeys = [...standings.values()].map(({ account }) => account).filter(({ by }) => by === 'key');
      const asked = [...accounts, ...ofKeys.filter((account) => !names.has(nameOf(account)))];
      return Promise.all(
        asked.map(async (account) => {
          const standing = standingOf(account);
          const { used } = await take(account, standing, 0, 'always');
          saw(account, standing, used);
          return { account, period: standing.period, used };
        }),
      );
    },
  };
}
