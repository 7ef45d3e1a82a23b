import { describe, expect, it } from 'vitest';
import { ownPrefix, REDIS_URL, redisAnswers } from '../../test/support/redis.ts';
import { systemClock } from '../clock.ts';
import { createMemoryState } from '../state/memory.ts';
import { openRedisState } from '../state/redis.ts';
import { silentLog } from '../telemetry/log.ts';
import { createMemory } from './memory.ts';

const redis = await redisAnswers();
if (!redis) process.stderr.write(`skipped: sessions in Redis. Nothing answers at ${REDIS_URL}\n`);

describe('sessions that are forgotten', () => {
  const names = [
    { key: 'app', session: 's' },
    { key: 'app', session: 'a:b:c' },
    { key: 'web:1', session: 's' },
    { session: 's' },
  ];

  it('are those that are meant, however a colon in their name is read', () => {
    const memory = createMemory(createMemoryState(systemClock), systemClock);
    for (const name of names) memory.remember(name, 'm', 10);
    const left = () => names.filter((name) => memory.cached(name) !== undefined);
    memory.forget(({ session }) => session === 'a:b:c');
    expect(left()).toEqual([names[0], names[2], names[3]]);
    memory.forget(({ key }) => key === 'web:1');
    expect(left()).toEqual([names[0], names[3]]);
    memory.forget(({ at }) => at < 5);
    expect(left()).toHaveLength(2);
    memory.forgetSession({ session: 's' });
    memory.forgetSession({ session: 'nobody' });
    expect(left()).toEqual([names[0]]);
    memory.forget(() => true);
    expect(left()).toEqual([]);
  });

  it.runIf(redis)('are gone from Redis and from other processes', async () => {
    const own = ownPrefix();
    const open = () => openRedisState(REDIS_URL, { clock: systemClock, log: silentLog, prefix: own.prefix });
    const [one, two] = [await open(), await open()];
    const [here, there] = [createMemory(one, systemClock), createMemory(two, systemClock)];
    const name = { key: 'app', session: 'xylophone' };
    here.remember(name, 'm', 10);
    await expect.poll(() => there.cached(name)).toBeDefined();
    there.forgetSession(name);
    await expect.poll(() => here.cached(name)).toBeUndefined();
    await expect.poll(async () => (await own.keys()).filter((key) => key.includes('xylophone'))).toEqual([]);
    await Promise.all([one.close(), two.close()]);
    await own.remove();
  });
});
