import { describe, expect, it } from 'vitest';
import { createBreakers, type Breakers } from './breaker.ts';
import { manualClock, type ManualClock } from './conformance.ts';
import { createMemoryState } from './memory.ts';

interface World {
  readonly clock: ManualClock;
  readonly breakers: Breakers;
  /** One call from beginning to end. */
  call(verdict: 'worked' | 'failed' | 'unknown'): void;
  ready(): boolean;
}

function world(): World {
  const clock = manualClock();
  const breakers = createBreakers(createMemoryState(clock), clock);
  return {
    clock,
    breakers,
    call(verdict) {
      const trial = breakers.began('u');
      clock.advance(5);
      breakers.ended(trial, verdict);
    },
    ready: () => breakers.blocked('u') === undefined,
  };
}

/** Open since now. */
function opened(): World {
  const one = world();
  one.call('failed');
  one.call('failed');
  return one;
}

/** The probe has succeeded. */
function recovering(): World {
  const one = opened();
  one.clock.advance(10_000);
  one.call('worked');
  return one;
}

describe('a breaker', () => {
  it('opens on the second failure in a row, for 10 s', () => {
    const { call, ready, clock, breakers } = world();
    call('failed');
    expect(ready()).toBe(true);
    call('failed');
    expect(breakers.blocked('u')).toMatchObject({ until: clock.now() + 10_000 });
    clock.advance(9999);
    expect(ready()).toBe(false);
    clock.advance(1);
    expect(ready()).toBe(true);
  });

  it('of one upstream leaves the others alone', () => {
    expect(opened().breakers.blocked('v')).toBeUndefined();
  });

  it('stays closed while calls succeed between failures, and when verdicts tell nothing', () => {
    const { call, ready } = world();
    for (let n = 0; n < 5; n++) {
      call('failed');
      call('worked');
    }
    for (let n = 0; n < 5; n++) call('unknown');
    expect(ready()).toBe(true);
  });

  it('takes calls that failed together for one failure', () => {
    const { breakers, clock, ready } = world();
    const together = Array.from({ length: 20 }, () => breakers.began('u'));
    clock.advance(5);
    for (const trial of together) breakers.ended(trial, 'failed');
    expect(ready()).toBe(true);
  });

  it('counts refusals in a row while old streams still end well', () => {
    const { breakers, clock, call, ready } = world();
    const old = breakers.began('u');
    breakers.answered(old);
    clock.advance(5);
    call('failed');
    breakers.ended(old, 'worked');
    call('failed');
    expect(ready()).toBe(false);
  });

  it('opens on answers that all begin and break off', () => {
    const { breakers, clock, ready } = world();
    for (let n = 0; n < 2; n++) {
      expect(ready()).toBe(true);
      const trial = breakers.began('u');
      breakers.answered(trial);
      clock.advance(5);
      breakers.ended(trial, 'failed');
    }
    expect(ready()).toBe(false);
  });

  it('does not open on a broken stream now and then among complete ones', () => {
    const { breakers, clock, call, ready } = world();
    for (let n = 0; n < 5; n++) {
      const trial = breakers.began('u');
      breakers.answered(trial);
      clock.advance(5);
      breakers.ended(trial, 'failed');
      call('worked');
    }
    expect(ready()).toBe(true);
  });
});

describe('an open breaker', () => {
  it('lets exactly one probe through when its time is over', () => {
    const { breakers, clock, ready } = opened();
    expect(breakers.began('u').kind).toBe('plain');
    clock.advance(10_000);
    expect(breakers.began('u').kind).toBe('probe');
    expect(ready()).toBe(false);
    expect(breakers.began('u').kind).toBe('plain');
  });

  it('opens again for 18 s when the probe fails, and for no other failure', () => {
    const { breakers, clock, call } = opened();
    const until = breakers.blocked('u')?.until;
    call('failed');
    expect(breakers.blocked('u')?.until).toBe(until);
    clock.advance(10_000);
    call('failed');
    expect(breakers.blocked('u')?.until).toBe(clock.now() + 18_000);
  });

  it('lets another probe through when the first told nothing, or was never heard of again', () => {
    const { breakers, clock, call, ready } = opened();
    clock.advance(10_000);
    call('unknown');
    expect(ready()).toBe(true);
    breakers.began('u');
    expect(ready()).toBe(false);
    clock.advance(120_001);
    expect(ready()).toBe(true);
  });

  it('is closed by a call of last resort that succeeds, not by one that began before', () => {
    const { breakers, clock, call, ready } = world();
    const early = breakers.began('u');
    clock.advance(1);
    call('failed');
    call('failed');
    breakers.ended(early, 'worked');
    expect(ready()).toBe(false);
    call('worked');
    expect(ready()).toBe(true);
  });

  it('is closed by clearing', () => {
    const { breakers, ready } = opened();
    breakers.clear();
    expect(ready()).toBe(true);
  });
});

describe('a recovery', () => {
  it('allows 1, 2, 4 and 8 calls in flight by successes, then any number', () => {
    const { breakers, ready } = recovering();
    const begin = (limit: number): number => {
      let begun = 0;
      for (; begun < limit && ready(); begun++) trials.push(breakers.began('u'));
      return begun;
    };
    const trials: ReturnType<Breakers['began']>[] = [];
    const allowed: number[] = [];
    for (let step = 0; step < 4; step++) {
      allowed.push(begin(100));
      for (const trial of trials.splice(1)) breakers.ended(trial, 'unknown');
      for (const trial of trials.splice(0)) breakers.ended(trial, 'worked');
    }
    expect(allowed).toEqual([1, 2, 4, 8]);
    expect(begin(100)).toBe(100);
  });

  it('takes a step when an answer begins, once, and not again when it ends', () => {
    const { breakers, ready } = recovering();
    const first = breakers.began('u');
    expect(ready()).toBe(false);
    breakers.answered(first);
    breakers.answered(first);
    expect(ready()).toBe(true);
    breakers.ended(first, 'worked');
    const more = [breakers.began('u'), breakers.began('u')];
    expect(ready()).toBe(false);
    for (const trial of more) breakers.ended(trial, 'unknown');
    expect(ready()).toBe(true);
  });

  it('ends in an open breaker when one of its calls fails, the probe’s own answer included', () => {
    const one = recovering();
    one.call('failed');
    expect(one.ready()).toBe(false);
    const two = opened();
    two.clock.advance(10_000);
    const probe = two.breakers.began('u');
    two.breakers.answered(probe);
    expect(two.ready()).toBe(true);
    two.breakers.ended(probe, 'failed');
    expect(two.ready()).toBe(false);
  });

  it('is not ended by calls from before the outage', () => {
    const { breakers, clock, call, ready } = world();
    const early = breakers.began('u');
    call('failed');
    call('failed');
    clock.advance(10_000);
    call('worked');
    breakers.ended(early, 'failed');
    expect(ready()).toBe(true);
  });
});

describe('an upstream that is down for 60 s under a request every 4 s, each with one quick retry', () => {
  /** When the upstream was called, and when it answered, with the outage from `from` on; seconds. */
  function run(from: number, period: number): { failed: number; first: number | undefined } {
    const { breakers, clock, ready } = world();
    const start = clock.now();
    const at = (): number => (clock.now() - start) / 1000;
    let failed = 0;
    let first: number | undefined;
    while (at() < from + 100 && first === undefined) {
      for (let attempt = 0; attempt < 2 && ready(); attempt++) {
        const trial = breakers.began('u');
        const down = at() >= from && at() < from + 60;
        clock.advance(down ? 150 : 5);
        breakers.ended(trial, down ? 'failed' : 'worked');
        if (down) failed++;
        else if (at() > from) first = at() - from - 60;
        if (!down || trial.kind === 'probe') break;
      }
      clock.advance(period - ((clock.now() - start) % period));
    }
    return { failed, first };
  }

  it('is called 6 times at most, and answers again within 30 s of its recovery, whenever the outage begins', () => {
    let most = 0;
    let latest = 0;
    for (let from = 0; from < 20; from += 0.19) {
      for (const period of [3900, 4000, 4050, 4300]) {
        const { failed, first = Number.POSITIVE_INFINITY } = run(from, period);
        most = Math.max(most, failed);
        latest = Math.max(latest, first);
      }
    }
    expect(most).toBeLessThanOrEqual(5);
    expect(latest).toBeLessThan(23);
  });

  it('answers the 19th of 20 requests when the outage began with the first', () => {
    for (const period of [3900, 4000, 4050, 4300]) {
      expect(60 + (run(0, period).first ?? Number.POSITIVE_INFINITY)).toBeLessThan((19 * period) / 1000);
    }
  });
});
