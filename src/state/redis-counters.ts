import { createCounters, SOON_MS } from './counters.ts';
import { granted, refused } from './lease.ts';
import { RedisQuotas, type RedisCountersOptions } from './redis-quotas.ts';
import { SCRIPTS } from './redis-scripts.ts';
import { shareOf } from './share.ts';
import type { Lease, Limit, Parallel, Rate } from './state.ts';

/** Places whose fate is unknown: Redis is told to free them when it answers again. */
const MAX_DOUBTFUL = 10_000;

/** Limits that are counted in Redis, and in this process while Redis does not answer. */
export interface RedisCounters {
  take(key: string, n: number, limit: Limit): Promise<Lease>;
  /** Brings Redis up to what happened meanwhile. Rejects when it does not answer. */
  recover(): Promise<void>;
  /** Whether nothing has happened since. */
  recovered(): boolean;
  /** Redis has lost its data: what counts is to be told anew. */
  lost(): void;
}

function numbersOf(reply: unknown): readonly number[] {
  return Array.isArray(reply) ? reply.map(Number) : [];
}

/** Makes {@link RedisCounters}. */
export function createRedisCounters(options: RedisCountersOptions): RedisCounters {
  const { clock, link, process, keyOf, processes } = options;
  const alone = createCounters(clock);
  const quotas = new RedisQuotas(options);
  const doubtful = new Map<string, string>();
  let holders = 0;

  const doubt = (member: string, name: string): void => {
    if (doubtful.size < MAX_DOUBTFUL) doubtful.set(member, name);
  };

  const takeRate = async (key: string, n: number, limit: Rate): Promise<Lease> => {
    const { max, per, grant = 'all' } = limit;
    const name = keyOf(`rate:${key}`);
    const [ok, wait = 0, used = 0] = numbersOf(
      await link().run(SCRIPTS.takeRate, [name], [clock.now(), n, max, per, grant]),
    );
    if (ok !== 1) return refused(wait, used);
    return granted(used, (unused) => {
      if (unused === 0 || link().trouble !== null) return;
      const args = [clock.now(), Math.min(unused, n), max, per];
      link()
        .run(SCRIPTS.releaseRate, [name], args)
        .catch(() => {});
    });
  };

  const takeParallel = async (key: string, n: number, { max, ttl }: Parallel): Promise<Lease> => {
    const name = keyOf(`parallel:${key}`);
    const holder = `${process}.${++holders}`;
    const member = `${n}:${holder}`;
    const free = (): void => {
      if (link().trouble !== null) return doubt(member, name);
      link()
        .run(SCRIPTS.freeParallel, [name], [member])
        .catch(() => doubt(member, name));
    };
    let reply;
    try {
      reply = numbersOf(
        await link().run(SCRIPTS.takeParallel, [name, keyOf('processes')], [clock.now(), n, max, ttl, holder]),
      );
    } catch (error) {
      doubt(member, name);
      throw error;
    }
    const [ok, held = 0] = reply;
    if (ok !== 1) return refused(SOON_MS, held);
    // While Redis is away, what is held here already is part of this process's share.
    const here = await alone.take(key, n, { max: Number.POSITIVE_INFINITY, ttl });
    return granted(held, () => {
      here.release(n);
      free();
    });
  };

  const takeAlone = (key: string, n: number, limit: Limit): Promise<Lease> | Lease =>
    'until' in limit ? quotas.takeAlone(key, n, limit) : alone.take(key, n, shareOf(limit, n, processes()));

  const takeShared = (key: string, n: number, limit: Limit): Promise<Lease> => {
    if ('until' in limit) return quotas.take(key, n, limit);
    return 'ttl' in limit ? takeParallel(key, n, limit) : takeRate(key, n, limit);
  };

  return {
    async take(key, n, limit) {
      if (link().trouble !== null) return takeAlone(key, n, limit);
      return takeShared(key, n, limit).catch(() => takeAlone(key, n, limit));
    },
    async recover() {
      for (const [member, name] of doubtful) {
        await link().run(SCRIPTS.freeParallel, [name], [member]);
        doubtful.delete(member);
      }
      await quotas.settle();
    },
    recovered: () => doubtful.size === 0 && quotas.settled,
    lost: () => quotas.lost(),
  };
}
