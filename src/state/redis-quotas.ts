import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';
import { grants } from './counters.ts';
import { granted, refused } from './lease.ts';
import { carried, emptyAccount, type Account } from './quota-account.ts';
import type { Link } from './redis-link.ts';
import { SCRIPTS } from './redis-scripts.ts';
import type { Lease, Quota } from './state.ts';

const MAX_ACCOUNTS = 100_000;
/** A sum is kept so long after its end, milliseconds: leases are settled late. */
const KEPT_MS = 3_600_000;

/** What counting in Redis needs. */
export interface RedisCountersOptions {
  readonly clock: Clock;
  readonly link: () => Link;
  /** This process's name in Redis. */
  readonly process: string;
  readonly keyOf: (name: string) => string;
  /** Processes that lived when last heard of. */
  readonly processes: () => number;
}

const listOf = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);

/** Sums in Redis. Each process's part of a sum stands beside it, so that an answer that never came harms nothing. */
export class RedisQuotas {
  readonly #options: RedisCountersOptions;
  readonly #accounts = new LRUCache<string, Account>({ maxSize: MAX_ACCOUNTS, sizeCalculation: () => 1 });
  /** Those of whose own part Redis may think otherwise. */
  readonly #unsettled = new Map<string, Account>();
  /** What was used of quotas before anyone counted, where that is being asked. */
  readonly #asking = new Map<string, Promise<number>>();
  #generations = 0;

  constructor(options: RedisCountersOptions) {
    this.#options = options;
  }

  /** Rejects when Redis does not answer. */
  async take(key: string, n: number, quota: Quota): Promise<Lease> {
    const name = this.#nameOf(key, quota);
    const account = this.#accountOf(name, quota);
    const answer = await this.#ask(name, account, n, quota).catch((error: unknown) => {
      // It may have been taken all the same.
      this.#unsettled.set(name, account);
      throw error;
    });
    if (!answer.ok) return refused(this.#left(quota), answer.used);
    account.mine += n;
    return this.#leaseOf(name, account, n, answer.used);
  }

  /** The same by what is known here, of this process's share. */
  async takeAlone(key: string, n: number, quota: Quota): Promise<Lease> {
    const name = this.#nameOf(key, quota);
    const isNew = !this.#accounts.has(name);
    const account = this.#accountOf(name, quota);
    if (isNew) {
      account.seen = await this.#usedBefore(name, quota.used).catch(() => 0);
      this.#asking.delete(name);
    }
    const left = (quota.max - account.seen) / this.#options.processes() - account.since;
    const used = account.seen + account.since;
    if (!grants(quota.grant, left, n)) return refused(this.#left(quota), used);
    this.#change(name, account, n);
    return this.#leaseOf(name, account, n, used + n);
  }

  /** Brings Redis up to what this process took meanwhile, each unit once. Rejects when it does not answer. */
  async settle(): Promise<void> {
    await Promise.all([...this.#unsettled].map(([name, account]) => this.#settleOne(name, account)));
  }

  /** Whether nothing was taken since. */
  get settled(): boolean {
    return this.#unsettled.size === 0;
  }

  /** Redis has lost its data: all that this process took is to be told anew. */
  lost(): void {
    const now = this.#options.clock.now();
    for (const [name, account] of this.#accounts.entries()) {
      if (account.until > now) this.#unsettled.set(name, account);
    }
  }

  #nameOf(key: string, { until }: Quota): string {
    return this.#options.keyOf(`quota:${key}:${until}`);
  }

  #accountOf(name: string, { until, used }: Quota): Account {
    const account = this.#accounts.get(name) ?? emptyAccount(until, used !== undefined);
    this.#accounts.set(name, account);
    return account;
  }

  #left({ until }: Quota): number {
    return Math.max(1, until - this.#options.clock.now());
  }

  #keptFor({ until }: Account): number {
    return Math.max(0, until - this.#options.clock.now()) + KEPT_MS;
  }

  #nextGeneration(): string {
    return `${this.#options.process}.${++this.#generations}`;
  }

  #leaseOf(name: string, account: Account, n: number, used: number): Lease {
    account.open += n;
    return granted(used, (unused) => {
      account.open -= n;
      if (unused !== 0) this.#change(name, account, -Math.min(unused, n));
    });
  }

  #usedBefore(name: string, used: Quota['used']): Promise<number> {
    const begun = this.#asking.get(name) ?? used?.() ?? Promise.resolve(0);
    this.#asking.set(name, begun);
    return begun;
  }

  #change(name: string, account: Account, by: number): void {
    account.mine += by;
    account.since += by;
    const link = this.#options.link();
    if (link.trouble !== null) {
      this.#unsettled.set(name, account);
      return;
    }
    const args = [this.#options.process, by, account.generation];
    link.run(SCRIPTS.changeQuota, [name], args).then(
      (reply) => {
        const [used] = listOf(reply);
        if (used === undefined) return;
        account.seen = Number(used);
        account.since = 0;
      },
      () => void this.#unsettled.set(name, account),
    );
  }

  async #ask(name: string, account: Account, n: number, quota: Quota) {
    const first = await this.#askOnce(name, account, n, quota, quota.used === undefined ? 0 : '');
    if (first !== undefined) return first;
    try {
      const before = await this.#usedBefore(name, quota.used);
      const second = await this.#askOnce(name, account, n, quota, before);
      if (second === undefined) throw new Error('the sum is gone');
      return second;
    } finally {
      // Not earlier: takes that were asked before the sum began find out only now.
      this.#asking.delete(name);
    }
  }

  async #askOnce(name: string, account: Account, n: number, quota: Quota, before: number | '') {
    const { link, process } = this.#options;
    const generation = this.#nextGeneration();
    const part = carried(account);
    const args = [process, n, quota.max, quota.grant ?? 'all', this.#keptFor(account), generation, before, part];
    const [ok, used, current] = listOf(await link().run(SCRIPTS.takeQuota, [name], args));
    if (ok === undefined) return undefined;
    if (typeof current === 'string' && current !== account.generation) {
      // What this process took counts in the new sum as well.
      const begun = current === generation;
      const mine = begun || account.generation !== '' ? carried(account) : account.mine;
      account.mine = begun ? part : 0;
      account.generation = current;
      if (mine !== account.mine) this.#change(name, account, mine - account.mine);
    }
    account.seen = Number(used);
    account.since = 0;
    return { ok: Number(ok) === 1, used: Number(used) };
  }

  async #settleOne(name: string, account: Account): Promise<void> {
    const { link, process } = this.#options;
    const { mine: told, generation } = account;
    const begins = account.fromBooks ? '' : this.#nextGeneration();
    const args = [process, told, generation, carried(account), begins, this.#keptFor(account)];
    this.#unsettled.delete(name);
    try {
      const [used, current, mine] = listOf(await link().run(SCRIPTS.settleQuota, [name], args));
      if (typeof current !== 'string') {
        // Redis lost it: whoever takes next begins it anew.
        account.mine = carried(account);
        account.generation = '';
        return;
      }
      account.mine += Number(mine) - told;
      account.generation = current;
      account.seen = Number(used);
      account.since = account.mine - Number(mine);
    } catch (error) {
      this.#unsettled.set(name, account);
      throw error;
    }
  }
}
