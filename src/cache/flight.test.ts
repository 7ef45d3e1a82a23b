import { describe, expect, it } from 'vitest';
import { Flight, type FlightOptions } from './flight.ts';

/** A body whose parts come when they are told to, and which tells how many were asked for. */
function source() {
  const steps: ((step: IteratorResult<Uint8Array>) => void)[] = [];
  let asked = 0;
  const body: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        asked++;
        return new Promise((resolve) => steps.push(resolve));
      },
    }),
  };
  const turns = async () => {
    for (let n = 0; n < 20; n++) await Promise.resolve();
  };
  return {
    body,
    asked: () => asked,
    turns,
    async say(text: string) {
      steps.shift()?.({ value: Buffer.from(text), done: false });
      await turns();
    },
    async end() {
      steps.shift()?.({ value: undefined, done: true });
      await turns();
    },
  };
}

function fly(room: number) {
  const from = source();
  const told: string[] = [];
  const options: FlightOptions = {
    room,
    closed: () => void (told.includes('closed') || told.push('closed')),
    abandoned: () => void told.push('abandoned'),
    ended: (whole) => void told.push(whole === undefined ? 'lost' : Buffer.from(whole).toString()),
  };
  return { ...from, told, flight: new Flight(from.body, options) };
}

const reader = (body: AsyncIterable<Uint8Array> | undefined) => {
  if (body === undefined) throw new Error('its beginning is gone');
  const source = body[Symbol.asyncIterator]();
  return {
    next: async () => {
      const { value, done } = await source.next();
      return done === true ? undefined : Buffer.from(value).toString();
    },
    leave: () => source.return?.(),
  };
};

describe('an answer that is being made', () => {
  it('is read from its beginning by whoever comes, at any pace, and kept', async () => {
    const { flight, say, end, told } = fly(100);
    const first = reader(flight.follow());
    await say('a');
    await say('b');
    const second = reader(flight.follow());
    expect(await first.next()).toBe('a');
    expect(await second.next()).toBe('a');
    await end();
    expect([await first.next(), await first.next()]).toEqual(['b', undefined]);
    expect([await second.next(), await second.next()]).toEqual(['b', undefined]);
    expect(told).toEqual(['closed', 'ab']);
  });

  it('goes at the pace of its slowest reader when it is too long to be held, and takes nobody in', async () => {
    const { flight, say, end, told, asked, turns } = fly(3);
    const fast = reader(flight.follow());
    const slow = reader(flight.follow());
    await say('aa');
    await say('bb');
    expect(told).toEqual(['closed']);
    expect(flight.follow()).toBeUndefined();
    expect(await fast.next()).toBe('aa');
    expect(await fast.next()).toBe('bb');
    await turns();
    expect(asked()).toBe(2);
    expect(await slow.next()).toBe('aa');
    await turns();
    expect(asked()).toBe(2);
    expect(await slow.next()).toBe('bb');
    await turns();
    expect(asked()).toBe(3);
    await say('cc');
    // One who leaves is waited for no more.
    expect(await fast.next()).toBe('cc');
    await slow.leave();
    await turns();
    expect(asked()).toBe(4);
    await end();
    expect(await fast.next()).toBeUndefined();
    expect(told).toEqual(['closed', 'lost']);
  });

  it('is given up at once when it is too long and nobody reads it', async () => {
    const { flight, say, told } = fly(3);
    const only = reader(flight.follow());
    await say('aaaa');
    expect(await only.next()).toBe('aaaa');
    await only.leave();
    expect(told).toEqual(['closed', 'abandoned']);
    expect(flight.follow()).toBeUndefined();
  });

  it('is told apart from one that broke', async () => {
    const told: unknown[] = [];
    async function* broken() {
      yield Buffer.from('a');
      throw new Error('cut');
    }
    const flight = new Flight(broken(), {
      room: 100,
      closed: () => void told.push('closed'),
      abandoned: () => {},
      ended: (whole) => void told.push(whole),
    });
    const only = reader(flight.follow());
    expect(await only.next()).toBe('a');
    await expect(only.next()).rejects.toThrow('cut');
    expect(told).toEqual(['closed', undefined]);
  });
});
