import { describe, expect, it } from 'vitest';
import type { Upstream } from '../catalog/model.ts';
import { UpstreamFailure, type FailureClass } from '../providers/provider.ts';
import { manualClock } from '../state/conformance.ts';
import { createMemoryState } from '../state/memory.ts';
import { createHealth, untracked, type CallFacts, type Need } from './health.ts';

const upstreamOf = (name: string): Upstream => ({ id: `p/${name}`, provider: 'p', name, price: null });
const A = upstreamOf('a');
const B = upstreamOf('b');

interface Fault {
  readonly status?: number;
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function world({ keys = 1, concurrency }: { readonly keys?: number; readonly concurrency?: number } = {}) {
  const clock = manualClock();
  const health = createHealth(createMemoryState(clock), clock);
  const need: Need = { inputTokens: 100, keys: () => keys, concurrency: () => concurrency };
  const begin = (upstream: Upstream, key: number, facts: Partial<CallFacts> = {}) =>
    health.began(upstream, key, { inputTokens: 100, local: false, ...facts });
  return {
    clock,
    health,
    need,
    begin,
    /** One call that fails. */
    fail(failure: FailureClass, fault: Fault = {}, key = 0, facts: Partial<CallFacts> = {}): void {
      const call = begin(A, key, facts);
      clock.advance(1);
      call.ended(new UpstreamFailure(failure, 'no', fault));
    },
    cooling: (upstream = A) => health.cooling(upstream, need),
    ready: (key = 0, upstream = A) => health.keyReady(upstream, key, need),
  };
}

const EMPTY = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '20s' };

describe('an upstream', () => {
  it('that never failed is ready', () => {
    const { cooling, ready } = world();
    expect([cooling(), ready()]).toEqual([undefined, true]);
  });

  it('is out only when all its keys are, until the first of them is ready', () => {
    const { clock, fail, cooling, ready } = world({ keys: 2 });
    fail('busy', { retryAfter: 30_000 }, 0);
    expect([cooling(), ready(0), ready(1)]).toEqual([undefined, false, true]);
    fail('busy', { retryAfter: 10_000 }, 1);
    expect(cooling()).toEqual({ until: clock.now() + 10_000, why: 'its rate limit is reached', lastResort: false });
    clock.advance(10_000);
    expect([cooling(), ready(0), ready(1)]).toEqual([undefined, false, true]);
  });

  it('with a key that its provider refused is out with all its models, with one that may not use it alone (403)', () => {
    const wide = world();
    wide.fail('auth', { status: 401 });
    expect([wide.ready(0, A), wide.ready(0, B)]).toEqual([false, false]);
    expect(wide.cooling(B)).toMatchObject({ why: 'the provider refused its key', lastResort: true });
    for (const [failure, status] of [
      ['auth', 403],
      ['quota', 402],
    ] as const) {
      const narrow = world();
      narrow.fail(failure, { status });
      expect([narrow.ready(0, A), narrow.ready(0, B)]).toEqual([false, true]);
    }
  });

  it('keeps the longer of two cool-downs', () => {
    const { clock, fail, cooling } = world();
    fail('busy', { retryAfter: 60_000 });
    const until = cooling()?.until;
    fail('busy', { retryAfter: 1000 });
    expect(cooling()?.until).toBe(until);
    clock.advance(60_000);
    expect(cooling()).toBeUndefined();
  });

  it('that asks for more than an hour is believed for one', () => {
    const { clock, fail, cooling } = world();
    fail('busy', { retryAfter: 86_400_000 });
    expect(cooling()?.until).toBe(clock.now() + 3_600_000);
  });
});

describe('its breaker', () => {
  it.each<FailureClass>(['sick', 'silent'])('opens on %s, and it stays a last resort', (failure) => {
    const { fail, cooling } = world({ keys: 2 });
    fail(failure, {}, 0);
    expect(cooling()).toBeUndefined();
    fail(failure, {}, 1);
    expect(cooling()).toMatchObject({ why: 'it failed several times in a row', lastResort: true });
  });

  it.each<FailureClass>(['busy', 'request', 'auth', 'filter', 'context', 'quota', 'misconfigured', 'gone'])(
    'never opens on %s',
    (failure) => {
      const { clock, fail, cooling } = world();
      for (let n = 0; n < 10; n++) fail(failure);
      // What is known of its key ends by then.
      clock.advance(30_001);
      expect(cooling()).toBeUndefined();
    },
  );

  it('does not open while a local provider is silent, which may load its model; in the middle of an answer it does', () => {
    const local = world();
    for (let n = 0; n < 5; n++) local.fail('silent', {}, 0, { local: true });
    expect(local.cooling()).toBeUndefined();
    for (let n = 0; n < 2; n++) {
      const call = local.begin(A, 0, { local: true });
      call.answered({});
      local.clock.advance(1);
      call.ended(new UpstreamFailure('silent', 'no byte'));
    }
    expect(local.cooling()?.why).toContain('failed');
  });

  it('opens on a local provider that is sick', () => {
    const { fail, cooling } = world();
    for (let n = 0; n < 2; n++) fail('sick', {}, 0, { local: true });
    expect(cooling()?.lastResort).toBe(true);
  });

  it('closes over a recovery', () => {
    const { clock, fail, cooling, begin } = world();
    fail('sick');
    fail('sick');
    clock.advance(10_000);
    const probe = begin(A, 0);
    expect(cooling()?.why).toContain('tried again');
    probe.answered({});
    probe.ended();
    const next = begin(A, 0);
    expect(cooling()?.why).toContain('recovering');
    next.ended();
    expect(cooling()).toBeUndefined();
  });
});

describe('its rate limit', () => {
  it('is learnt from answers that went well, and lets smaller requests in', () => {
    const { health, begin, cooling, need } = world();
    begin(A, 0).answered({ 'x-ratelimit-remaining-tokens': '99', 'x-ratelimit-reset-tokens': '20s' });
    expect(cooling()).toMatchObject({ why: 'its rate limit has no room for it', lastResort: true });
    expect(health.cooling(A, { ...need, inputTokens: 99 })).toBeUndefined();
  });

  it('is learnt from failures too', () => {
    const { clock, fail, cooling } = world();
    fail('busy', { status: 429, headers: EMPTY });
    expect(cooling()?.until).toBe(clock.now() + 20_000);
  });

  it('is one by key', () => {
    const { begin, cooling, ready } = world({ keys: 2 });
    begin(A, 0).answered(EMPTY);
    expect([ready(0), ready(1), cooling()]).toEqual([false, true, undefined]);
  });
});

describe('its provider', () => {
  const patience = { ms: 1000, signal: new AbortController().signal };

  it('is not ready while all the calls that it may have are in flight, and stays a last resort', async () => {
    const { health, need, cooling, begin } = world({ concurrency: 1 });
    const slot = await health.slot(A, need, patience);
    expect(cooling(B)).toMatchObject({ why: 'its provider has all the calls that it may have', lastResort: true });
    const call = begin(A, 0, { slot });
    call.ended();
    call.ended();
    expect(cooling(B)).toBeUndefined();
  });

  it('gets its slot back from a call that nothing is learnt from', async () => {
    const { health, need, cooling } = world({ concurrency: 1 });
    const call = untracked(await health.slot(A, need, patience));
    call.answered(EMPTY);
    expect(cooling()).toBeDefined();
    call.ended(new UpstreamFailure('sick', 'no'));
    expect(cooling()).toBeUndefined();
  });
});

it('a new configuration ends everything that keeps upstreams out', () => {
  const { health, fail, begin, cooling } = world();
  fail('sick');
  fail('sick');
  fail('auth', { status: 401 });
  fail('busy', { retryAfter: 60_000 });
  begin(A, 0).answered(EMPTY);
  health.endCoolDowns();
  expect(cooling()).toBeUndefined();
});
