import { expect, it } from 'vitest';
import { pause } from './pause.ts';

it('a pause ends when its time is over, and at once when the caller leaves or has left', async () => {
  const caller = new AbortController();
  await pause(1, caller.signal);
  const waiting = pause(1_000_000, caller.signal);
  caller.abort();
  await waiting;
  await pause(1_000_000, caller.signal);
  expect(caller.signal.aborted).toBe(true);
});
