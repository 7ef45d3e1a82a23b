import { describe, expect, it } from 'vitest';
import { manualClock } from '../state/conformance.ts';
import { createAnswerCache } from './answer-cache.ts';
import type { Tier } from './tier.ts';

const HOUR = 3_600_000;

/** A tier that keeps everything, for ever. */
function tierOf() {
  const kept = new Map<string, Uint8Array>();
  const tier: Tier = {
    get: async (key) => kept.get(key),
    async set(key, answer) {
      kept.set(key, answer);
    },
  };
  return tier;
}

describe('an answer that another process has kept', () => {
  it('is given again for as long as it was to be, whoever fetches it', async () => {
    const clock = manualClock(Date.UTC(2026, 10, 25));
    const tier = tierOf();
    const open = () => createAnswerCache(clock, { maxSize: 10_000, maxEntry: 1000 }, tier, () => {});
    const [one, two] = [open(), open()];
    const answer = {
      contentType: 'text/plain',
      model: 'm',
      provider: 'p',
      warnings: [],
      baselineCost: 7n,
      body: Buffer.from('Hi'),
    };
    one.keep('key', { ...answer, until: clock.now() + HOUR });
    clock.advance(HOUR - 1000);
    expect(await two.far('key')).toMatchObject({ model: 'm', baselineCost: 7n });
    expect(two.near('key')).toBeDefined();
    clock.advance(2000);
    expect(two.near('key')).toBeUndefined();
    expect(await two.far('key')).toBeUndefined();
  });
});
