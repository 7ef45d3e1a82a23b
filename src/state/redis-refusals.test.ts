import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { hasRedisServer, startRedis, type OwnRedis } from '../../test/support/redis.ts';
import { systemClock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import { silentLog, type Log } from '../telemetry/log.ts';
import { redisChecks } from './redis-address.ts';
import { openRedisState } from './redis.ts';
import type { State } from './state.ts';

const PASSWORD = 's3cret-of/redis';
const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('the address of a Redis', () => {
  const why = (redis: string) =>
    redisChecks({ storage: { redis } }).map(({ path, message }) => [path.join('.'), message]);

  it.each(['127.0.0.1:6379', 'http://h', 'redis://h:99999', 'redis://h/nine', 'redis://h/-1', 'redis://h?db=x'])(
    '%s is refused before anything starts',
    (redis) => expect(why(redis)).toEqual([['storage.redis', expect.stringContaining('expected redis://')]]),
  );

  it.each(['redis://h', 'rediss://user:p%40ss@h:6380/15', 'redis://[::1]:6379/', 'redis://h?db=3'])(
    '%s is taken',
    (redis) => expect(why(redis)).toEqual([]),
  );

  it('is not repeated where it may hold a password', () => {
    const [[, message] = []] = why('redis://:s3cret%zz@h');
    expect(message).toMatch(/^a % in user or password/);
    expect(why('http://:s3cret@h/x').join(' ')).not.toContain('s3cret');
  });
});

describe.skipIf(!hasRedisServer)('a Redis that refuses', () => {
  let redis: OwnRedis;
  const states: State[] = [];
  const at = (user: string, path = '') => redis.url.replace('//', `//${user}`) + path;
  const open = async (url: string, log: Log = silentLog) => {
    const state = await openRedisState(url, { clock: systemClock, log });
    states.push(state);
    return state;
  };
  const refusal = (url: string) =>
    open(url).then(
      (state) => `opened, ${state.trouble() ?? 'shared'}`,
      (error: unknown) => (SignalboxError.is(error) ? `${error.code}: ${error.message}` : String(error)),
    );
  const protect = async (from: string, to: string) => {
    const client = new Redis(redis.url, from === '' ? {} : { password: from });
    await client.config('SET', 'requirepass', to);
    // Those that are connected stay so otherwise.
    await client.call('CLIENT', 'KILL', 'SKIPME', 'yes').finally(() => client.disconnect());
  };

  beforeAll(async () => void (redis = await startRedis()));
  afterAll(() => redis.kill());
  afterEach(async () => {
    vi.restoreAllMocks();
    await Promise.all(states.splice(0).map((state) => state.close()));
  });

  it('a database that it does not have ends the start, with what to do', async () => {
    expect(await refusal(at('', '/99'))).toMatch(/^config_invalid: storage.redis: it has no database 99: /);
    expect(await refusal(at('', '/9'))).toBe('opened, shared');
  });

  it('no password or a wrong one ends the start, and no secret is told', async () => {
    await protect('', PASSWORD);
    try {
      expect(await refusal(redis.url)).toMatch(/^config_invalid: storage.redis: it asks for a password/);
      const wrong = await refusal(at(':wr0ng@', '/3'));
      expect(wrong).toBe('config_invalid: storage.redis: the user or the password in the address is refused');
      expect(await refusal(at('nobody:wr0ng@'))).toBe(wrong);
      expect(await refusal(at(`:${encodeURIComponent(PASSWORD)}@`, '/3'))).toBe('opened, shared');
      expect(await refusal(at(`default:${encodeURIComponent(PASSWORD)}@`))).toBe('opened, shared');
    } finally {
      await protect(PASSWORD, '');
    }
  });

  it('a password where none is needed is no trouble, and nothing is printed past the log', async () => {
    const printed = [vi.spyOn(console, 'warn'), vi.spyOn(console, 'error')];
    expect(await refusal(at(':unneeded@'))).toBe('opened, shared');
    for (const one of printed) expect(one).not.toHaveBeenCalled();
  });

  it('one that begins to ask for a password is told, and the process goes on until it may again', async () => {
    const told: object[] = [];
    const state = await open(at('', '/2'), { ...silentLog, error: (fields) => void told.push(fields) });
    expect(state.trouble()).toBeNull();
    await protect('', PASSWORD);
    try {
      await eventually(() => expect(state.trouble()).toContain('Redis: it asks for a password'));
      expect(told).toContainEqual({ why: expect.stringContaining('it asks for a password') });
      expect((await state.take('k', 1, { max: 5, per: 60_000 })).granted).toBe(true);
    } finally {
      await protect(PASSWORD, '');
    }
    await eventually(() => expect(state.trouble()).toBeNull());
  });
});
