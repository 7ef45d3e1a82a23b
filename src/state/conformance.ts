import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import type { State } from './state.ts';

/** A clock that a test moves. */
export interface ManualClock extends Clock {
  advance(ms: number): void;
}

/** Makes a {@link ManualClock} that starts at `start`, epoch milliseconds. */
export function manualClock(start = 1_700_000_000_000): ManualClock {
  let passed = 1;
  return {
    now: () => start + Math.floor(passed),
    elapsed: () => passed,
    advance: (ms) => void (passed += ms),
  };
}

/** What every state backend keeps. */
export function stateConformance(name: string, open: (clock: Clock) => Promise<State>): void {
  describe(`state: ${name}`, () => {
    it('remembers a cell until it is set again or its time is over', async () => {
      const clock = manualClock();
      const state = await open(clock);
      const cell = state.cell<{ n: number }>('a');
      expect(cell.get()).toBeUndefined();
      cell.set({ n: 1 });
      expect(state.cell('a').get()).toEqual({ n: 1 });
      expect(cell.update((old) => ({ n: (old?.n ?? 0) + 1 }))).toEqual({ n: 2 });
      cell.set({ n: 3 }, 100);
      clock.advance(99);
      expect(cell.get()).toEqual({ n: 3 });
      clock.advance(2);
      expect(cell.get()).toBeUndefined();
      await state.close();
    });

    it('grants no more than the limit and says when it will', async () => {
      const clock = manualClock();
      const state = await open(clock);
      const limit = { max: 10, per: 1000 };
      const first = await state.take('k', 8, limit);
      expect(first.granted).toBe(true);
      const second = await state.take('k', 4, limit);
      expect(second).toMatchObject({ granted: false, retryAfter: 200 });
      clock.advance(200);
      expect((await state.take('k', 4, limit)).granted).toBe(true);
      await state.close();
    });

    it('takes back what was not used, once', async () => {
      const state = await open(manualClock());
      const limit = { max: 10, per: 1000 };
      const lease = await state.take('k', 10, limit);
      lease.release(6);
      lease.release(6);
      expect((await state.take('k', 6, limit)).granted).toBe(true);
      expect((await state.take('k', 1, limit)).granted).toBe(false);
      await state.close();
    });

    it('owes what it grants beyond what is there, when asked to', async () => {
      const clock = manualClock();
      const state = await open(clock);
      const limit = { max: 10, per: 1000, grant: 'any' } as const;
      expect((await state.take('k', 15, limit)).granted).toBe(true);
      const second = await state.take('k', 1, limit);
      expect(second.granted).toBe(false);
      expect(second.retryAfter).toBeGreaterThanOrEqual(500);
      clock.advance(600);
      expect((await state.take('k', 1, limit)).granted).toBe(true);
      expect((await state.take('k', 100, { ...limit, grant: 'always' })).granted).toBe(true);
      await state.close();
    });

    it('adds a quota up to its limit and starts anew when its time is over', async () => {
      const clock = manualClock();
      const state = await open(clock);
      const quota = { max: 100, until: clock.now() + 5000 };
      expect(await state.take('q', 60, quota)).toMatchObject({ granted: true, used: 60 });
      const full = await state.take('q', 60, quota);
      expect(full).toMatchObject({ granted: false, used: 60 });
      expect(full.retryAfter).toBeGreaterThan(4000);
      expect(full.retryAfter).toBeLessThanOrEqual(5000);
      // With anything left the last one may go beyond, and nobody after it.
      const last = await state.take('q', 60, { ...quota, grant: 'any' });
      expect(last).toMatchObject({ granted: true, used: 120 });
      expect((await state.take('q', 1, { ...quota, grant: 'any' })).granted).toBe(false);
      last.release(50);
      last.release(50);
      expect(await state.take('q', 10, quota)).toMatchObject({ granted: true, used: 80 });
      // What was used beyond a reserve counts as well.
      (await state.take('q', 10, quota)).release(-5);
      expect((await state.take('q', 0, quota)).used).toBe(95);
      clock.advance(5000);
      expect(await state.take('q', 60, { max: 100, until: clock.now() + 5000 })).toMatchObject({ used: 60 });
      await state.close();
    });

    it('asks once what was used of a quota before', async () => {
      const clock = manualClock();
      const state = await open(clock);
      let asked = 0;
      const used = async () => {
        asked++;
        return 70;
      };
      const quota = { max: 100, until: clock.now() + 60_000, used };
      const leases = await Promise.all([1, 2, 3, 4].map(() => state.take('q', 10, quota)));
      expect(leases.map(({ granted }) => granted).filter(Boolean)).toHaveLength(3);
      expect(asked).toBe(1);
      await state.close();
    });

    it('lets so many be held at once, and forgets holders that never came back', async () => {
      const clock = manualClock();
      const state = await open(clock);
      const limit = { max: 2, ttl: 1000 };
      const first = await state.take('p', 1, limit);
      expect((await state.take('p', 1, limit)).granted).toBe(true);
      expect((await state.take('p', 1, limit)).granted).toBe(false);
      first.release(1);
      first.release(1);
      expect((await state.take('p', 1, limit)).granted).toBe(true);
      expect((await state.take('p', 1, limit)).granted).toBe(false);
      clock.advance(1001);
      expect((await state.take('p', 2, limit)).granted).toBe(true);
      await state.close();
    });

    it('brings a topic to each reader in order, ends with the signal, and drops the oldest for a slow one', async () => {
      const state = await open(manualClock());
      const stop = new AbortController();
      const slow = state.subscribe('t', stop.signal);
      state.publish('other', 'no');
      for (let n = 0; n < 5000; n++) state.publish('t', n);
      stop.abort();
      const seen: unknown[] = [];
      for await (const message of slow) seen.push(message);
      expect(seen.at(-1)).toBe(4999);
      expect(seen.length).toBeLessThan(5000);
      expect(seen).toEqual([...seen].sort((a, b) => Number(a) - Number(b)));
      await state.close();
    });

    it('ends every reader when it closes', async () => {
      const state = await open(manualClock());
      const messages = state.subscribe('t', new AbortController().signal);
      const read = (async () => {
        for await (const _message of messages) continue;
        return 'ended';
      })();
      await state.close();
      expect(await read).toBe('ended');
    });
  });
}
