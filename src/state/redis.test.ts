import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { ownPrefix, REDIS_URL, redisAnswers, startRedis, startWay, type OwnRedis } from '../../test/support/redis.ts';
import { systemClock } from '../clock.ts';
import { silentLog, type Log } from '../telemetry/log.ts';
import { stateConformance } from './conformance.ts';
import { openRedisState } from './redis.ts';
import type { Lease, Quota, State } from './state.ts';

const answers = await redisAnswers();
if (!answers)
  process.stderr.write(`skipped: state in Redis. Nothing answers at ${REDIS_URL}; scripts/services starts one\n`);

const HOUR = 3_600_000;
const opened: State[] = [];
const prefixes: ReturnType<typeof ownPrefix>[] = [];

/** Processes that share one Redis, and nothing with other tests. */
async function processes(count: number, url = REDIS_URL, log: Log = silentLog): Promise<State[]> {
  const own = ownPrefix(url);
  if (url === REDIS_URL) prefixes.push(own);
  const states = await Promise.all(
    Array.from({ length: count }, () => openRedisState(url, { clock: systemClock, log, prefix: own.prefix })),
  );
  opened.push(...states);
  return states;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((state) => state.close()));
  await Promise.all(prefixes.splice(0).map((own) => own.remove()));
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });
const shared = (states: readonly State[]) =>
  eventually(() => expect(states.map((state) => state.trouble())).toEqual(states.map(() => null)));
const alone = (states: readonly State[]) =>
  eventually(() => {
    for (const state of states) expect(state.trouble()).toContain('Redis');
  });
const takesOf = (state: State | undefined, times: number, ...given: Parameters<State['take']>) =>
  Promise.all(Array.from({ length: times }, () => state?.take(...given) ?? Promise.reject(new Error('no state'))));
const grantedOf = (leases: readonly Lease[]) => leases.filter(({ granted }) => granted).length;

describe.skipIf(!answers)('Redis', () => {
  stateConformance('redis', async (clock) => {
    const own = ownPrefix();
    prefixes.push(own);
    const state = await openRedisState(REDIS_URL, { clock, log: silentLog, prefix: own.prefix });
    if (state.trouble() !== null) throw new Error('Redis does not answer');
    return state;
  });

  describe('two processes', () => {
    let states: State[];
    /** 200 takes at once, every other one from either process. Done again where the machine was too busy for Redis to answer in time. */
    const takes = async (n: number, limit: Parameters<State['take']>[2]): Promise<readonly Lease[]> => {
      for (;;) {
        await shared(states);
        const key = Math.random().toString();
        const leases = await Promise.all(
          [...states, ...states].flatMap((state) => Array.from({ length: 50 }, () => state.take(key, n, limit))),
        );
        if (states.every((state) => state.trouble() === null)) return leases;
      }
    };

    beforeEach(async () => {
      states = await processes(2);
      await shared(states);
    });

    it('grant a rate once', async () => {
      expect(grantedOf(await takes(1, { max: 100, per: HOUR }))).toBe(100);
    });

    it('grant a quota once, exactly or up to one request beyond it', async () => {
      const until = Date.now() + HOUR;
      expect(grantedOf(await takes(7, { max: 100, until }))).toBe(14);
      expect(grantedOf(await takes(7, { max: 1000, until, grant: 'any' }))).toBe(143);
    });

    it('hold no more places than there are, and get them back', async () => {
      const leases = await takes(1, { max: 50, ttl: HOUR });
      expect(grantedOf(leases)).toBe(50);
      await states[0]?.take('held', 2, { max: 2, ttl: HOUR }).then((lease) => lease.release(2));
      await eventually(async () => {
        const again = await states[1]?.take('held', 2, { max: 2, ttl: HOUR });
        expect(again?.granted).toBe(true);
      });
    });

    it('get back the places of a process that is gone', async () => {
      const [one, two] = states;
      const limit = { max: 3, ttl: HOUR };
      expect(grantedOf(await takesOf(one, 3, 'left', 1, limit))).toBe(3);
      expect((await two?.take('left', 1, limit))?.granted).toBe(false);
      await one?.close();
      expect(grantedOf(await takesOf(two, 4, 'left', 1, limit))).toBe(3);
    });

    it('ask each what was used before, and count it once', async () => {
      const quota: Quota = { max: 100, until: Date.now() + HOUR, used: async () => 90 };
      expect(grantedOf(await takes(1, quota))).toBe(10);
    });

    it('count sums exactly up to 2^53', async () => {
      const quota: Quota = { max: 2 ** 53 - 1, until: Date.now() + HOUR };
      await states[0]?.take('k', 2 ** 52 + 1, quota);
      expect((await states[1]?.take('k', 2, quota))?.used).toBe(2 ** 52 + 3);
    });

    it('see each other’s cells, are told of them, and agree on the last write', async () => {
      const [one, two] = states;
      const told: string[] = [];
      two?.watch('a:', (key) => told.push(key));
      one?.cell<{ n: number }>('a:1').set({ n: 1 });
      one?.cell('b:1').set('unwatched');
      await eventually(() => expect(two?.cell('b:1').get()).toBe('unwatched'));
      expect(two?.cell('a:1').get()).toEqual({ n: 1 });
      expect(told).toEqual(['a:1']);

      for (let n = 0; n < 100; n++) states[n % 2]?.cell('race').set(n);
      one?.cell('end').set(1);
      two?.cell('end two').set(1);
      await eventually(() => expect([one?.cell('end two').get(), two?.cell('end').get()]).toEqual([1, 1]));
      expect(one?.cell('race').get()).toBe(two?.cell('race').get());
    });

    it('bring topics to each other’s readers, and to their own once', async () => {
      const stop = new AbortController();
      const seen: unknown[][] = [[], []];
      const reading = states.map(async (state, i) => {
        for await (const message of state.subscribe('t', stop.signal)) seen[i]?.push(message);
      });
      await eventually(() => {
        states[0]?.publish('t', 'ping');
        expect(seen[1]?.length).toBeGreaterThan(0);
      });
      states[0]?.publish('t', 'last');
      await eventually(() => expect(seen[1]?.at(-1)).toBe('last'));
      stop.abort();
      await Promise.all(reading);
      expect(seen[0]?.filter((message) => message === 'last')).toHaveLength(1);
      expect(seen[1]?.filter((message) => message === 'last')).toHaveLength(1);
    });
  });

  it('tells a process that starts what was written before, once it asks', async () => {
    const own = ownPrefix();
    prefixes.push(own);
    const open = async () => {
      const state = await openRedisState(REDIS_URL, { clock: systemClock, log: silentLog, prefix: own.prefix });
      opened.push(state);
      return state;
    };
    const first = await open();
    first.cell('session:1').set('m', 60_000);
    await first.close();
    const second = await open();
    const told: string[] = [];
    second.watch('session:', (key) => told.push(key));
    expect(second.cell('session:1').get()).toBeUndefined();
    const loading = second.load(['session:1', 'session:2']);
    expect(loading).toBeInstanceOf(Promise);
    await loading;
    expect(second.cell('session:1').get()).toBe('m');
    expect(told).toEqual(['session:1']);
    expect(second.load(['session:1', 'session:2'])).toBeUndefined();
  });

  it('refuses an address that is none', async () => {
    await expect(openRedisState('localhost:6379', { clock: systemClock, log: silentLog })).rejects.toThrow(
      'storage.redis',
    );
  });

  describe('that goes away', () => {
    let redis: OwnRedis;
    const lines: string[] = [];
    const note = (_fields: unknown, message: string) => void lines.push(message);
    const log: Log = { debug: note, info: note, warn: note, error: note };

    beforeAll(async () => void (redis = await startRedis()));
    afterAll(() => redis.kill());

    it('leaves each process its share, says so once, and counts what was taken meanwhile once', async () => {
      lines.length = 0;
      const states = await processes(2, redis.url, log);
      await shared(states);
      const [one, two] = states;
      const quota: Quota = { max: 100, until: Date.now() + HOUR };
      // Until each has heard of the other.
      await eventually(async () => {
        await redis.kill();
        await alone(states);
        const shares = await Promise.all(states.map((state) => state.take(`probe ${Math.random()}`, 60, quota)));
        await redis.start();
        await shared(states);
        expect(grantedOf(shares)).toBe(0);
      });
      await one?.take('q', 20, quota);
      await two?.take('q', 20, quota);
      await redis.kill();
      await alone(states);
      lines.length = 0;
      // What is left of it, by two: each knew of 20 or 40.
      expect(grantedOf(await takesOf(two, 10, 'q', 10, quota))).toBe(3);
      expect(lines).toEqual([]);
      const rate = { max: 10, per: HOUR };
      expect(grantedOf(await takesOf(one, 10, 'r', 1, rate))).toBe(5);
      await redis.start();
      await shared(states);
      expect(lines.filter((line) => line.includes('again'))).toHaveLength(2);
      // It has kept nothing: both parts were told anew.
      await eventually(async () => {
        expect((await one?.take('q', 0, quota))?.used).toBe(70);
        expect((await two?.take('q', 0, quota))?.used).toBe(70);
      });
    });

    it('begins a quota anew from the books, where there are any', async () => {
      const states = await processes(1, redis.url);
      await shared(states);
      let books = 0;
      const quota: Quota = { max: 100, until: Date.now() + HOUR, used: async () => books };
      const settled = await states[0]?.take('b', 30, quota);
      const inFlight = await states[0]?.take('b', 10, quota);
      settled?.release(5);
      books = 25;
      await redis.kill();
      await alone(states);
      await redis.start();
      await shared(states);
      expect((await states[0]?.take('b', 0, quota))?.used).toBe(35);
      inFlight?.release(4);
      expect((await states[0]?.take('b', 0, quota))?.used).toBe(31);
    });

    it('that hangs is not waited for, and what it did all the same counts once', async () => {
      const states = await processes(1, redis.url);
      await shared(states);
      const [one] = states;
      const quota: Quota = { max: 1000, until: Date.now() + HOUR };
      const places = { max: 2, ttl: HOUR };
      await one?.take('h', 1, quota);
      redis.freeze();
      const leases = await takesOf(one, 20, 'h', 10, quota);
      expect(grantedOf(leases)).toBe(20);
      expect(one?.trouble()).toContain('50 ms');
      const place = await one?.take('places', 1, places);
      expect(place?.granted).toBe(true);
      // Nothing is asked of it now.
      expect(await one?.take('h', 100, quota)).toMatchObject({ granted: true });
      leases[0]?.release(10);
      place?.release(1);
      redis.thaw();
      await shared(states);
      expect((await one?.take('h', 0, quota))?.used).toBe(291);
      expect((await one?.take('places', 2, places))?.granted).toBe(true);
    });

    it('is found again over a new connection when the old one leads nowhere', async () => {
      const way = await startWay(Number(new URL(redis.url).port));
      const states = await processes(1, way.url);
      await shared(states);
      way.block();
      await states[0]?.take('w', 1, { max: 10, per: HOUR });
      await alone(states);
      states[0]?.cell('written meanwhile').set('yes');
      way.open();
      await shared(states);
      const [other] = await processes(1, redis.url);
      expect(other?.trouble()).toBeNull();
      way.close();
    });

    it('that is not there at the start is no reason not to start', async () => {
      await redis.kill();
      const states = await processes(1, redis.url, log);
      expect(states[0]?.trouble()).toContain('ECONNREFUSED');
      expect((await states[0]?.take('s', 1, { max: 1, per: HOUR }))?.granted).toBe(true);
      await redis.start();
      await shared(states);
    });
  });
});
