import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { manualClock } from '../state/conformance.ts';
import { allowancesOf, createHeadroom } from './headroom.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

function world() {
  const clock = manualClock(NOW);
  const headroom = createHeadroom(clock);
  return {
    clock,
    headroom,
    /** An answer with these headers. */
    answer(headers: Readonly<Record<string, string>>, key = 0): void {
      headroom.told(headroom.began('u', key, 10), headers);
    },
    fits: (tokens = 10, key = 0) => headroom.lacking('u', key, tokens) === undefined,
  };
}

const openai = (requests: string, tokens: string, reset = '20s') => ({
  'x-ratelimit-limit-requests': '500',
  'x-ratelimit-limit-tokens': '30000',
  'x-ratelimit-remaining-requests': requests,
  'x-ratelimit-remaining-tokens': tokens,
  'x-ratelimit-reset-requests': reset,
  'x-ratelimit-reset-tokens': reset,
});

describe('headers', () => {
  it.each([
    ['6m0s', 360_000],
    ['20ms', 20],
    ['2m59.56s', 179_560],
    ['1.5', 1500],
    ['2026-01-01T00:00:30Z', 30_000],
  ])('of a reset at %s are %d ms away', (reset, ms) => {
    expect(allowancesOf(openai('1', '2', reset), NOW)).toEqual({
      requests: { remaining: 1, resetAt: NOW + ms },
      tokens: { remaining: 2, resetAt: NOW + ms },
    });
  });

  it('of Anthropic tell requests, tokens, input and output, with times of RFC 3339', () => {
    const headers = Object.fromEntries(
      ['requests', 'tokens', 'input-tokens', 'output-tokens'].flatMap((name, i) => [
        [`anthropic-ratelimit-${name}-limit`, '1000'],
        [`anthropic-ratelimit-${name}-remaining`, String(i)],
        [`anthropic-ratelimit-${name}-reset`, '2026-01-01T00:00:10Z'],
      ]),
    );
    const resetAt = NOW + 10_000;
    expect(allowancesOf(headers, NOW)).toEqual({
      requests: { remaining: 0, resetAt },
      tokens: { remaining: 1, resetAt },
      input: { remaining: 2, resetAt },
      output: { remaining: 3, resetAt },
    });
  });

  it('of a reset further away than an hour are not believed for longer', () => {
    expect(allowancesOf(openai('0', '0', '23h'), NOW)?.requests?.resetAt).toBe(NOW + 3_600_000);
  });

  it.each([
    ['-1', '20s'],
    ['many', '20s'],
    ['1e9', '20s'],
    ['', '20s'],
    ['0', ''],
    ['0', 'soon'],
    ['0', '-5s'],
    ['0', '1767225600000'],
    ['0', '2026-13-45T99:99:99Z'],
    ['0', 'Thu, 01 Jan 2026 00:00:05 GMT'],
  ])('that make no sense are ignored: %s, %s', (remaining, reset) => {
    expect(allowancesOf(openai(remaining, remaining, reset), NOW)).toBeUndefined();
  });

  it('never leave an upstream out for longer than an hour, whatever they are', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (remaining, reset, tokens) => {
        const { headroom, answer } = world();
        answer(openai(remaining, remaining, reset));
        const until = headroom.lacking('u', 0, tokens)?.until ?? 0;
        expect(until).toBeLessThanOrEqual(NOW + 3_600_001);
      }),
    );
  });
});

describe('an upstream', () => {
  it('without headers always has room', () => {
    const { answer, fits } = world();
    answer({});
    expect(fits(1e9)).toBe(true);
  });

  it('has none while no request is left, until its reset', () => {
    const { answer, fits, clock } = world();
    answer(openai('0', '30000'));
    expect(fits()).toBe(false);
    clock.advance(19_999);
    expect(fits()).toBe(false);
    clock.advance(1);
    expect(fits()).toBe(true);
  });

  it('has none for a request of more tokens than are left, and room for a smaller one', () => {
    const { answer, fits } = world();
    answer(openai('10', '1000'));
    expect([fits(1000), fits(1001)]).toEqual([true, false]);
  });

  it('has none while no output token is left', () => {
    const { answer, fits } = world();
    answer({
      'anthropic-ratelimit-output-tokens-remaining': '0',
      'anthropic-ratelimit-output-tokens-reset': '2026-01-01T00:00:10Z',
    });
    expect(fits()).toBe(false);
  });

  it('counts calls in flight against what is left', () => {
    const { headroom, answer, fits } = world();
    answer(openai('2', '1000'));
    const first = headroom.began('u', 0, 400);
    expect([fits(600), fits(601)]).toEqual([true, false]);
    const second = headroom.began('u', 0, 400);
    expect(fits(1)).toBe(false);
    headroom.told(first, openai('5', '9000'));
    headroom.told(first, openai('0', '0'));
    headroom.told(second, {});
    expect(fits(9000)).toBe(true);
  });

  it('has room by key', () => {
    const { answer, fits } = world();
    answer(openai('0', '0'), 0);
    answer(openai('9', '9000'), 1);
    expect([fits(10, 0), fits(10, 1), fits(10, 2)]).toEqual([false, true, true]);
  });

  it('has room again once everything is cleared, while calls are in flight', () => {
    const { headroom, answer, fits } = world();
    const draft = headroom.began('u', 0, 10);
    answer(openai('0', '0'));
    headroom.clear();
    expect(fits()).toBe(true);
    headroom.told(draft, {});
    expect(fits()).toBe(true);
  });
});
