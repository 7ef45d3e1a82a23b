import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { codecOf } from '../protocol/registry.ts';
import { failureInside } from '../providers/classify.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { PING_MS } from './pulse.ts';
import { relay, type Leg, type RelayOptions } from './relay.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const told = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const END = `${told({}, 'stop')}data: [DONE]\n\n`;
const broke = new UpstreamFailure('sick', 'it broke');

/** A leg whose upstream says all of `words` in one piece, then breaks unless it is complete. */
function leg(words: string, left: () => void = () => {}): Leg {
  async function* upstream() {
    try {
      yield Buffer.from(words);
      if (!words.endsWith(END)) throw broke;
    } finally {
      left();
    }
  }
  return { upstream: upstream(), tap: codecOf('openai-chat').tap({ strip: false }), failureOf: failureInside };
}

function relayed(first: Leg, takeOver: RelayOptions['takeOver']) {
  const cancelled = vi.fn();
  const body = relay({
    first,
    takeOver,
    broken: () => Buffer.from('error'),
    cancelled,
    ping: () => Buffer.from('ping'),
  });
  const reader = body[Symbol.asyncIterator]();
  const next = async (): Promise<string | undefined> => {
    const step = await reader.next();
    return step.done === true ? undefined : Buffer.from(step.value).toString();
  };
  return { next, leave: () => reader.return?.(), cancelled };
}

describe('a stream that breaks off', () => {
  it('tells what it has at once, and pings while another upstream thinks', async () => {
    let give: (next: Leg) => void = () => {};
    const { next } = relayed(leg(told({ content: 'Hi' })), () => new Promise((resolve) => (give = resolve)));
    expect(await next()).toBe(told({ content: 'Hi' }));
    for (let n = 0; n < 2; n++) {
      const waited = next();
      await vi.advanceTimersByTimeAsync(PING_MS);
      expect(await waited).toBe('ping');
    }
    give(leg(told({ content: ' there' }) + END));
    expect(await next()).toBe(told({ content: ' there' }) + END);
    expect(await next()).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends in the error event when nobody goes on with it', async () => {
    const { next } = relayed(leg(told({ content: 'Hi' })), async () => broke);
    expect([await next(), await next(), await next()]).toEqual([told({ content: 'Hi' }), 'error', undefined]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('lets the next upstream go when its reader has left before that answers', async () => {
    let give: (next: Leg) => void = () => {};
    const { next, leave, cancelled } = relayed(
      leg(told({ content: 'Hi' })),
      () => new Promise((resolve) => (give = resolve)),
    );
    await next();
    const waited = next();
    await vi.advanceTimersByTimeAsync(0);
    await leave();
    const left = vi.fn();
    const upstream: Leg['upstream'] = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ value: undefined, done: true }),
        return: async () => {
          left();
          return { value: undefined, done: true };
        },
      }),
    };
    give({ ...leg(END), upstream });
    expect(await waited).toBeUndefined();
    await vi.advanceTimersByTimeAsync(0);
    expect([left.mock.calls.length, cancelled.mock.calls.length, vi.getTimerCount()]).toEqual([1, 1, 0]);
  });
});

describe('an upstream that says much and tells nothing', () => {
  it('is no reason to leave the caller without a word', async () => {
    async function* upstream() {
      for (let n = 0; n < 20; n++) {
        await new Promise((resolve) => setTimeout(resolve, 1000));
        yield Buffer.from('data: ');
      }
    }
    const silent = {
      ...leg(END),
      upstream: upstream(),
      tap: { ...codecOf('openai-chat').tap({ strip: false }), push: () => undefined },
    };
    const { next } = relayed(silent, async () => broke);
    const waited = next();
    await vi.advanceTimersByTimeAsync(PING_MS + 2500);
    expect(await waited).toBe('ping');
  });
});
