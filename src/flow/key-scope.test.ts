import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ownPrefix, REDIS_URL, redisAnswers } from '../../test/support/redis.ts';
import { systemClock } from '../clock.ts';
import { createMemoryState } from '../state/memory.ts';
import { openRedisState } from '../state/redis.ts';
import { silentLog } from '../telemetry/log.ts';
import { createKeyScopes } from './key-scope.ts';

const redis = await redisAnswers();
if (!redis) process.stderr.write(`skipped: salts in Redis. Nothing answers at ${REDIS_URL}\n`);

const KEY = 'sk-0123456789-of-ann';

describe('the scope of a caller’s own key', () => {
  it('is the same for the same key wherever the state is shared, and for no other', () => {
    const state = createMemoryState(systemClock);
    const [one, two] = [createKeyScopes(state), createKeyScopes(state)];
    const scope = one({ authorization: KEY, 'x-api-key': 'b' });
    expect(two({ 'x-api-key': 'b', authorization: KEY })).toBe(scope);
    const others = [
      { authorization: KEY },
      { 'x-api-key': KEY },
      { authorization: `${KEY}1` },
      { authorization: 'b', 'x-api-key': KEY },
    ];
    expect(new Set([scope, ...others.map(one)]).size).toBe(5);
  });

  it.runIf(redis)('is the same in a process that comes later', async () => {
    const own = ownPrefix();
    const open = () => openRedisState(REDIS_URL, { clock: systemClock, log: silentLog, prefix: own.prefix });
    const sent = { authorization: KEY };
    const first = await open();
    const scope = createKeyScopes(first)(sent);
    await first.close();
    const second = await open();
    const scopes = createKeyScopes(second);
    await expect.poll(() => second.cell('caller-key-salt').get()).toBeDefined();
    expect(scopes(sent)).toBe(scope);
    await second.close();
    await own.remove();
  });

  it('is salted: nobody who reads it can try keys', () => {
    const [one, two] = [
      createKeyScopes(createMemoryState(systemClock)),
      createKeyScopes(createMemoryState(systemClock)),
    ];
    const sent = { authorization: KEY };
    expect(one(sent)).not.toBe(two(sent));
    const plain = ['hex', 'base64url'] as const;
    for (const text of [KEY, JSON.stringify(Object.entries(sent))]) {
      for (const form of plain) {
        expect(createHash('sha256').update(text).digest(form)).not.toContain(one(sent));
      }
    }
  });

  it('stays when the salt is crowded out', () => {
    let now = 1000;
    const state = createMemoryState({ ...systemClock, now: () => now, elapsed: () => now });
    const sent = { authorization: KEY };
    const scopes = createKeyScopes(state);
    const scope = scopes(sent);
    state.cell('caller-key-salt').set('another', 1);
    now += 10_000;
    expect(scopes(sent)).toBe(scope);
    expect(createKeyScopes(state)(sent)).toBe(scope);
  });
});
