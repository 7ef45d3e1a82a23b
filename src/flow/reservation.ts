import type { Account } from '../access/accounts.ts';
import { takeLimits, type Allowance, type LimitReached } from '../access/limits.ts';
import type { Exhausted, Reserve } from '../access/reserve.ts';
import { declaresFloor, type Leaning } from '../decide/lean.ts';
import type { Target } from '../decide/targets.ts';
import { SignalboxError } from '../errors.ts';
import type { NanoUsd } from '../ledger/record.ts';
import type { Usage } from '../protocol/chat.ts';
import { mostOutput, reserveOf } from './reserve.ts';
import { accountsOf, type Routed, type RouteRequest } from './route.ts';
import type { Runtime } from './runtime.ts';
import type { Snapshot } from './snapshot.ts';

/** What a request may use, until it has ended. */
export interface Reservation {
  /** The decision; another than was made where a budget has nothing left. */
  readonly routed: Routed;
  /**
   * Whether a call of this target may be paid for, after so much was spent on others: sets aside what is missing. At once
   * where nothing is.
   */
  covers(target: Target, spent: NanoUsd): boolean | Promise<boolean>;
  /** It is over: what it cost, null when nobody knows, and what it used, which is added up where a limit asks for it. */
  settle(cost: NanoUsd | null, usage: () => Usage | undefined): void;
}

/** Decides once more, as a spent budget wants it. */
export type DecideAgain = (exhausted: Exhausted) => Routed | Promise<Routed>;

const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));

function exceeded({ account, resetAt }: Exhausted, now: number, advice = ''): SignalboxError {
  const { name, budget } = account;
  return new SignalboxError(
    'budget_exceeded',
    `the budget of ${name}, ${budget.usd} USD per ${budget.per}, is spent; it starts anew at ${new Date(resetAt).toISOString()}${advice}`,
    { retryAfter: seconds(resetAt - now) },
  );
}

function unpriced({ decision }: Routed, [account]: readonly Account[]): SignalboxError {
  return new SignalboxError(
    'price_unknown',
    `nobody knows what ${decision.chosen} costs, and the budget of ${account?.name ?? 'the caller'} limits what may be spent: set its price`,
    { param: 'model' },
  );
}

/** The most tokens that the request can use. */
function tokensOf(routed: Routed): number {
  return routed.query.inputTokens + mostOutput(routed, routed.targets[0]?.model);
}

/** Whether the caller named a model that is not the cheapest there is: a spent budget does not pay for it. */
function isDearerThanNeeded({ decision, plan }: Routed): boolean {
  const [chosen, ...others] = decision.ranking;
  if (plan.explicit === undefined || chosen === undefined) return false;
  const cost = chosen.costUsd ?? Number.POSITIVE_INFINITY;
  return others.some(({ costUsd }) => costUsd !== null && costUsd < cost);
}

/** The error for a key that has reached a limit of its own. */
export function limitReached(key: string, { limit, retryAfter }: LimitReached): SignalboxError {
  const wait = seconds(retryAfter);
  return new SignalboxError('rate_limited', `the key "${key}" may have ${limit}; try again in ${wait} s`, {
    retryAfter: wait,
  });
}

async function limitsOf(
  { key = '', limits }: RouteRequest,
  routed: Routed,
  { state }: Runtime,
): Promise<Allowance | undefined> {
  if (limits === undefined) return undefined;
  const allowance = await takeLimits(state, key, limits, tokensOf(routed));
  const { reached } = allowance;
  if (reached === undefined) return allowance;
  throw limitReached(key, reached);
}

const NOTHING = { input: 0, output: 0 };

/** Nothing limits what the request may cost. */
const unlimited = (routed: Routed): Reservation => ({ routed, covers: () => true, settle: () => {} });

/** A request that `reserve` pays for, of `nano` to begin with. */
function paidBy(reserve: Reserve, nano: NanoUsd, routed: Routed): Reservation {
  let held = nano;
  return {
    routed,
    covers(target, spent) {
      const most = reserveOf(routed, target);
      if (most === null) return false;
      const missing = spent + most - held;
      if (missing <= 0n) return true;
      return reserve.raise(missing).then((raised) => {
        if (raised) held += missing;
        return raised;
      });
    },
    settle: reserve.settle,
  };
}

/** Sets the most that the request can cost aside; where nothing is left, for the cheapest instead, or not at all. */
async function budget(
  routed: Routed,
  accounts: readonly Account[],
  { budgets, clock }: Runtime,
  decideAgain: DecideAgain,
): Promise<Reservation> {
  const most = (of: Routed): NanoUsd => {
    const reserve = reserveOf(of, of.targets[0]);
    if (reserve === null) throw unpriced(of, accounts);
    return reserve;
  };
  const grant = declaresFloor(routed.plan.strategy) ? 'always' : 'any';
  const nano = most(routed);
  const first = await budgets.reserve(accounts, nano, grant);
  const { exhausted } = first;
  if (exhausted === undefined) return paidBy(first, nano, routed);
  if (exhausted.account.budget.atLimit === 'refuse') throw exceeded(exhausted, clock.now());
  const cheapest = await decideAgain(exhausted);
  if (isDearerThanNeeded(cheapest)) {
    throw exceeded(exhausted, clock.now(), '; until then model "auto" is answered by the cheapest');
  }
  const least = most(cheapest);
  const second = await budgets.reserve(accounts, least, 'always');
  if (second.exhausted !== undefined) throw exceeded(second.exhausted, clock.now());
  return paidBy(second, least, cheapest);
}

/**
 * Takes what the request may use from its key's limits and from the budgets that it counts against, before anything is
 * called. At once where there are none.
 * @throws `rate_limited`, `budget_exceeded`, `price_unknown` when a budget is to pay what nobody knows
 */
export function reserve(
  request: RouteRequest,
  routed: Routed,
  snapshot: Snapshot,
  runtime: Runtime,
  decideAgain: DecideAgain,
): Reservation | Promise<Reservation> {
  const accounts = accountsOf(request, routed.plan, snapshot);
  if (accounts.length === 0 && request.limits === undefined) return unlimited(routed);
  return reserveAll(request, routed, accounts, runtime, decideAgain);
}

async function reserveAll(
  request: RouteRequest,
  routed: Routed,
  accounts: readonly Account[],
  runtime: Runtime,
  decideAgain: DecideAgain,
): Promise<Reservation> {
  const allowance = await limitsOf(request, routed, runtime);
  try {
    const paid = accounts.length === 0 ? unlimited(routed) : await budget(routed, accounts, runtime, decideAgain);
    return {
      routed: paid.routed,
      covers: paid.covers,
      settle(cost, usage) {
        paid.settle(cost, usage);
        if (allowance === undefined) return;
        const { input, output } = usage() ?? NOTHING;
        allowance.settle(input + output);
      },
    };
  } catch (error) {
    allowance?.settle(0);
    throw error;
  }
}

/** How a spent budget makes the decision lean. */
export function spentBy({ account }: Exhausted): Leaning {
  return { budget: account.name, used: 1, share: 0, spent: true };
}
