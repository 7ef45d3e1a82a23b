import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { wholeBody } from './body.ts';
import { promisedBody, withinHold } from './hold.ts';
import type { Answer } from './passage.ts';
import { createPulse, PING_MS } from './pulse.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a pulse', () => {
  it('wakes after every silence, waits for the same step again, and starts anew with each word', async () => {
    const pulse = createPulse<number>();
    let give: (value: number) => void = () => {};
    let asked = 0;
    const next = () => {
      asked++;
      return new Promise<number>((resolve) => (give = resolve));
    };
    for (let n = 0; n < 3; n++) {
      const waited = pulse.wait(next);
      await vi.advanceTimersByTimeAsync(PING_MS);
      expect(await waited).toBe('ping');
    }
    const step = pulse.wait(next);
    await vi.advanceTimersByTimeAsync(PING_MS - 3000);
    give(7);
    expect([await step, asked]).toEqual([7, 1]);
    pulse.said();
    const later = pulse.wait(next);
    await vi.advanceTimersByTimeAsync(PING_MS - 3000);
    give(8);
    expect([await later, asked]).toEqual([8, 2]);
    pulse.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('passes a failure on', async () => {
    const pulse = createPulse<number>();
    await expect(pulse.wait(() => Promise.reject(new Error('it broke')))).rejects.toThrowError('it broke');
    pulse.stop();
  });
});

describe('an answer whose head is held back', () => {
  const answer = (text: string): Answer => ({
    head: { status: 200, headers: {} },
    body: wholeBody(Buffer.from(text)),
    settled: new Promise(() => {}),
    warnings: new Set(),
  });
  const read = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
    let text = '';
    for await (const bytes of body) text += Buffer.from(bytes).toString();
    return text;
  };
  const ping = () => Buffer.from('ping ');

  it('is given when it is here in time, and not after', async () => {
    const soon = answer('soon');
    expect(await withinHold(Promise.resolve(soon))).toBe(soon);
    const late = withinHold(new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(PING_MS);
    expect(await late).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends pings until it is here, then itself', async () => {
    let give: (value: Answer) => void = () => {};
    const promised = new Promise<Answer>((resolve) => (give = resolve));
    const text = read(promisedBody({ answer: promised, ping, failed: async () => Buffer.from('failed') }));
    await vi.advanceTimersByTimeAsync(2 * PING_MS);
    give(answer('here'));
    expect(await text).toBe('ping ping ping here');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends in the error event when none comes', async () => {
    const error = { ...answer(''), error: { message: 'none' } as never };
    const body = promisedBody({ answer: Promise.resolve(error), ping, failed: async () => Buffer.from('failed') });
    expect(await read(body)).toBe('ping failed');
  });
});
