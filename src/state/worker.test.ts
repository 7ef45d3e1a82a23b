import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Clock } from '../clock.ts';
import { createBreakers } from './breaker.ts';
import { manualClock, stateConformance } from './conformance.ts';
import type { Port } from './port.ts';
import { createHub, type Hub } from './primary.ts';
import type { Lease, State } from './state.ts';
import { createWorkerState } from './worker.ts';

const HOUR = 3_600_000;
const channels: MessageChannel[] = [];

function portOf(end: MessagePort): Port {
  return {
    send: (messages) => end.postMessage(messages),
    receive: (heard) => void end.on('message', heard),
    closed: (gone) => void end.on('close', gone),
  };
}

/** A worker, and what ends its connection as its death does. */
function join(hub: Hub, clock: Clock, workers = 1): { readonly state: State; die(): void } {
  const channel = new MessageChannel();
  channels.push(channel);
  hub.attach(portOf(channel.port1));
  return { state: createWorkerState(portOf(channel.port2), workers, clock), die: () => channel.port2.close() };
}

function twoWorkers() {
  const clock = manualClock();
  const hub = createHub(clock);
  return { clock, hub, one: join(hub, clock, 2), two: join(hub, clock, 2) };
}

afterEach(() => {
  for (const { port1, port2 } of channels.splice(0)) {
    port1.close();
    port2.close();
  }
});

const eventually = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 5000, interval: 5 });
const grantedOf = (leases: readonly Lease[]) => leases.filter(({ granted }) => granted).length;

stateConformance('a worker and its primary', async (clock) => join(createHub(clock), clock).state);

describe('two workers', () => {
  it('grant a limit once', async () => {
    const { clock, one, two } = twoWorkers();
    const takes = (n: number, limit: Parameters<State['take']>[2]) =>
      Promise.all(
        [one, two].flatMap(({ state }) =>
          Array.from({ length: 100 }, () => state.take(JSON.stringify(limit), n, limit)),
        ),
      );
    expect(grantedOf(await takes(1, { max: 100, per: HOUR }))).toBe(100);
    expect(grantedOf(await takes(7, { max: 100, until: clock.now() + HOUR }))).toBe(14);
    expect(grantedOf(await takes(7, { max: 1000, until: clock.now() + HOUR, grant: 'any' }))).toBe(143);
    expect(grantedOf(await takes(1, { max: 50, ttl: HOUR }))).toBe(50);
  });

  it('ask one of them what was used of a quota before', async () => {
    const { clock, one, two } = twoWorkers();
    const used = vi.fn(async () => 90);
    const quota = { max: 100, until: clock.now() + HOUR, used };
    const leases = await Promise.all(
      [one, two].flatMap(({ state }) => Array.from({ length: 20 }, () => state.take('q', 1, quota))),
    );
    expect([grantedOf(leases), used.mock.calls.length]).toEqual([10, 1]);
  });

  it('wait for none that hangs: the next one is asked', async () => {
    const clock = manualClock();
    const hub = createHub(clock, 1);
    const [one, two] = [join(hub, clock, 2), join(hub, clock, 2)];
    const quota = { max: 100, until: clock.now() + HOUR };
    await one.state.take('q', 1, { ...quota, used: () => new Promise<never>(() => {}) });
    expect((await two.state.take('q', 1, { ...quota, used: async () => 90 })).used).toBe(91);
  });

  it('give their places back when they die, and what they used of a quota stays used', async () => {
    const { clock, one, two } = twoWorkers();
    const places = { max: 2, ttl: HOUR };
    const quota = { max: 10, until: clock.now() + HOUR };
    await one.state.take('p', 2, places);
    await one.state.take('q', 8, quota);
    expect((await two.state.take('p', 1, places)).granted).toBe(false);
    one.die();
    await eventually(async () => expect((await two.state.take('p', 2, places)).granted).toBe(true));
    expect((await two.state.take('q', 8, quota)).granted).toBe(false);
  });

  it('see each other’s cells, and agree on the last write; one that comes later asks for them', async () => {
    const { clock, hub, one, two } = twoWorkers();
    const told: string[] = [];
    two.state.watch('a:', (key) => told.push(key));
    one.state.cell('a:1').set('x', 1000);
    await eventually(() => expect(told).toEqual(['a:1']));
    expect(two.state.cell('a:1').get()).toBe('x');
    for (let n = 0; n < 50; n++) {
      one.state.cell('race').set(`one ${n}`);
      two.state.cell('race').set(`two ${n}`);
      if (n % 10 === 0) await new Promise(setImmediate);
    }
    const three = join(hub, clock, 2);
    await eventually(async () => {
      expect(one.state.cell('race').get()).toBe(two.state.cell('race').get());
      expect(three.state.cell('race').get()).toBe(one.state.cell('race').get());
    });
    await three.state.load(['a:1']);
    expect(three.state.cell('a:1').get()).toBe('x');
    expect(three.state.load(['a:1'])).toBeUndefined();
    clock.advance(1001);
    expect(three.state.cell('a:1').get()).toBeUndefined();
  });

  it('hear each other’s topics once', async () => {
    const { one, two } = twoWorkers();
    const stop = new AbortController();
    const seen: unknown[][] = [[], []];
    const reading = [one, two].map(async ({ state }, i) => {
      for await (const message of state.subscribe('t', stop.signal)) seen[i]?.push(message);
    });
    await eventually(() => {
      one.state.publish('t', 'ping');
      expect(seen[1]?.length).toBeGreaterThan(0);
    });
    one.state.publish('t', 'last');
    await eventually(() => expect(seen[1]?.at(-1)).toBe('last'));
    stop.abort();
    await Promise.all(reading);
    expect(seen.map((messages) => messages.filter((message) => message === 'last').length)).toEqual([1, 1]);
  });

  it('whose primary is gone grant their share', async () => {
    const clock = manualClock();
    const hub = createHub(clock);
    const { state, die } = join(hub, clock, 2);
    const asked = state.take('k', 1, { max: 10, per: HOUR });
    die();
    expect((await asked).granted).toBe(true);
    await eventually(() => expect(state.trouble()).toContain('gone'));
    const leases = await Promise.all(Array.from({ length: 10 }, () => state.take('r', 1, { max: 10, per: HOUR })));
    expect(grantedOf(leases)).toBe(5);
    expect(state.load(['unknown'])).toBeInstanceOf(Promise);
    await expect(state.load(['unknown'])).resolves.toBeUndefined();
  });
});

describe('breakers of two workers', () => {
  const world = () => {
    const { clock, one, two } = twoWorkers();
    return { clock, one: createBreakers(one.state, clock), two: createBreakers(two.state, clock) };
  };
  type Breakers = ReturnType<typeof createBreakers>;
  const call = (breakers: Breakers, verdict: 'worked' | 'failed') => {
    const trial = breakers.began('u');
    if (verdict === 'worked') breakers.answered(trial);
    breakers.ended(trial, verdict);
  };

  it('open together, on failures that either saw', async () => {
    const { clock, one, two } = world();
    call(one, 'failed');
    clock.advance(5);
    await eventually(() => {
      clock.advance(5);
      call(two, 'failed');
      expect(one.blocked('u')?.why).toContain('failed');
    });
    expect(two.blocked('u')?.why).toContain('failed');
  });

  it('send one probe, recover together, and never wait for calls of a worker that died', async () => {
    const { clock, one, two } = world();
    call(one, 'failed');
    clock.advance(5);
    call(one, 'failed');
    await eventually(() => expect(two.blocked('u')?.why).toContain('failed'));
    clock.advance(10_000);
    expect(two.blocked('u')).toBeUndefined();
    const probe = two.began('u');
    expect(probe.kind).toBe('probe');
    await eventually(() => expect(one.blocked('u')?.why).toContain('tried again'));
    expect(one.began('u').kind).toBe('plain');
    two.answered(probe);
    // Each may have as many calls as have worked; those of the other one are its own.
    await eventually(() => expect(one.began('u').kind).toBe('ramp'));
    expect(one.blocked('u')?.why).toContain('recovering');
    expect(two.blocked('u')).toBeUndefined();
    for (let n = 0; n < 4; n++) call(two, 'worked');
    await eventually(() => expect([one.blocked('u'), two.blocked('u')]).toEqual([undefined, undefined]));
  });
});
