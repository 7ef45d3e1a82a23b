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
      expect((await state.take('k', 10, limit)).granted).toBe(true);
      expect((await state.take('k', 1, limit)).granted).toBe(false);
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
