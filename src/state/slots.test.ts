import { describe, expect, it } from 'vitest';
import { createSlots, type Slot, type Slots } from './slots.ts';

const never = new AbortController().signal;
const patient = { ms: 60_000, signal: never };
const take = (slots: Slots, limit = 1): Slot => {
  const slot = slots.acquire('p', limit, patient);
  if (typeof slot !== 'function') throw new Error('no slot was free');
  return slot;
};

describe('slots', () => {
  it('are given at once while some are free, and the provider is full when none is', () => {
    const slots = createSlots();
    expect(slots.full('p', 2)).toBe(false);
    take(slots, 2);
    expect(slots.full('p', 2)).toBe(false);
    const last = take(slots, 2);
    expect(slots.full('p', 2)).toBe(true);
    expect(slots.full('q', 2)).toBe(false);
    last();
    expect(slots.full('p', 2)).toBe(false);
  });

  it('are without number where nothing is limited', () => {
    const slots = createSlots();
    for (let n = 0; n < 1000; n++) expect(slots.acquire('p', undefined, patient)).toBeTypeOf('function');
    expect(slots.full('p', undefined)).toBe(false);
  });

  it('are given back once, however often', () => {
    const slots = createSlots();
    const first = take(slots, 2);
    take(slots, 2);
    first();
    first();
    take(slots, 2);
    expect(slots.full('p', 2)).toBe(true);
  });

  it('are waited for first come first served', async () => {
    const slots = createSlots();
    const held = take(slots);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (n) => {
      const slot = await slots.acquire('p', 1, patient);
      order.push(n);
      slot?.();
    });
    held();
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    expect(slots.full('p', 1)).toBe(false);
  });

  it('are not waited for longer than patience lasts, nor by callers who left', async () => {
    const slots = createSlots();
    const held = take(slots);
    expect(slots.acquire('p', 1, { ms: 0, signal: never })).toBeUndefined();
    expect(await slots.acquire('p', 1, { ms: 1, signal: never })).toBeUndefined();
    const caller = new AbortController();
    const waiting = slots.acquire('p', 1, { ms: 60_000, signal: caller.signal });
    caller.abort();
    expect(await waiting).toBeUndefined();
    expect(slots.acquire('p', 1, { ms: 60_000, signal: caller.signal })).toBeUndefined();
    held();
    // Nobody who gave up holds one.
    take(slots);
  });

  it('turn calls away when too many wait', async () => {
    const slots = createSlots();
    const held = take(slots);
    const waiting = Array.from({ length: 1000 }, () => slots.acquire('p', 1, patient));
    expect(slots.acquire('p', 1, patient)).toBeUndefined();
    held();
    for (const slot of waiting) (await slot)?.();
    expect(slots.full('p', 1)).toBe(false);
  });

  it('follow a new limit', async () => {
    const slots = createSlots();
    take(slots, 1);
    const second = slots.acquire('p', 1, patient);
    const third = slots.acquire('p', 3, patient);
    expect(await second).toBeTypeOf('function');
    expect(await third).toBeTypeOf('function');
    expect(slots.full('p', 3)).toBe(true);
  });
});
