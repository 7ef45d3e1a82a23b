import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Price } from '../catalog/model.ts';
import { attemptCost, usdOf } from './money.ts';

const provenance = { source: 'config', date: '2026-11-23' } as const;
const price = (rest: Partial<Price>): Price => ({ input: 0, output: 0, provenance, ...rest });

describe('attemptCost', () => {
  it('is null when the price is unknown, and zero when it is zero', () => {
    expect(attemptCost({ input: 10, output: 10 }, null)).toBeNull();
    expect(attemptCost({ input: 10, output: 10 }, price({}))).toBe(0n);
  });

  it('prices input and output: 1000 × 0.15 + 200 × 0.60 USD per million = 270 000 nano-dollars', () => {
    expect(attemptCost({ input: 1000, output: 200 }, price({ input: 0.15, output: 0.6 }))).toBe(270_000n);
  });

  it('prices cache, reasoning and the request by their own prices', () => {
    const usage = { input: 1000, output: 300, cacheRead: 600, cacheWrite: 100, reasoning: 200 };
    const all = price({ input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, reasoning: 10, request: 0.005 });
    // 300×3 + 600×0.3 + 100×3.75 + 100×15 + 200×10 = 900 + 180 + 375 + 1500 + 2000 micro-dollars, and 5000 for the request
    expect(attemptCost(usage, all)).toBe(9_955_000n);
    // 1000×3 + 300×15 micro-dollars
    expect(attemptCost(usage, price({ input: 3, output: 15 }))).toBe(7_500_000n);
  });

  it('prices what is kept in the cache for an hour at 1.6 times the write, where writes have a price', () => {
    const usage = { input: 100, output: 0, cacheWrite: 100, cacheWriteHour: 40 };
    // 60×3.75 + 40×6 micro-dollars, the latter twice the input price
    expect(attemptCost(usage, price({ input: 3, cacheWrite: 3.75 }))).toBe(465_000n);
    expect(attemptCost(usage, price({ input: 3 }))).toBe(300_000n);
    expect(attemptCost({ ...usage, cacheWriteHour: 900 }, price({ cacheWrite: 3.75 }))).toBe(600_000n);
  });

  it('never bills more parts than the whole', () => {
    const usage = { input: 100, output: 10, cacheRead: 500, cacheWrite: 500, reasoning: 99 };
    expect(attemptCost(usage, price({ input: 1, output: 1 }))).toBe(110_000n);
  });

  it('rounds once, half to even', () => {
    const half = price({ input: 0.0005, output: 0.0005 }); // half a nano-dollar per token
    const nanos = [1, 2, 3, 4, 5, 7].map((input) => attemptCost({ input, output: 0 }, half));
    expect(nanos).toEqual([0n, 1n, 2n, 2n, 2n, 4n]);
    expect(attemptCost({ input: 1, output: 1 }, half)).toBe(1n);
  });

  it('is exact for huge counts and tiny prices, and stays within the 64 bits of a ledger', () => {
    expect(attemptCost({ input: 1e12, output: 0 }, price({ input: 0.075 }))).toBe(75_000n * 10n ** 9n);
    expect(attemptCost({ input: 1e12, output: 0 }, price({ input: 1e-7 }))).toBe(100_000_000n);
    expect(attemptCost({ input: 1, output: 0 }, price({ input: 1e-7 }))).toBe(0n);
    expect(attemptCost({ input: 3, output: 0 }, price({ input: 0.1 }))).toBe(300n);
    expect(attemptCost({ input: 1, output: 0 }, price({ input: 1e21 }))).toBe(2n ** 63n - 1n);
  });

  it('takes counts that make no sense as none', () => {
    const usage = { input: Number.NaN, output: -5, cacheRead: Number.POSITIVE_INFINITY };
    expect(attemptCost(usage, price({ input: 1, output: 1 }))).toBe(0n);
  });

  const count = fc.integer({ min: 0, max: 10_000_000 });
  const usd = fc.double({ min: 0, max: 1000, noNaN: true });
  const prices = fc.record({ input: usd, output: usd, cacheRead: usd, reasoning: usd });

  it('is the sum of its parts but for one rounding each', () => {
    fc.assert(
      fc.property(count, count, prices, (input, output, given) => {
        const full = price(given);
        const whole = attemptCost({ input, output }, full) ?? 0n;
        const parts = (attemptCost({ input, output: 0 }, full) ?? 0n) + (attemptCost({ input: 0, output }, full) ?? 0n);
        const gap = whole - parts;
        expect(gap >= -1n && gap <= 1n).toBe(true);
      }),
    );
  });

  it('never falls when tokens are added', () => {
    fc.assert(
      fc.property(count, count, count, prices, (input, output, more, given) => {
        const full = price(given);
        const less = attemptCost({ input, output }, full) ?? 0n;
        expect((attemptCost({ input: input + more, output }, full) ?? 0n) >= less).toBe(true);
        expect((attemptCost({ input, output: output + more }, full) ?? 0n) >= less).toBe(true);
      }),
    );
  });
});

describe('usdOf', () => {
  it('is the nearest number of USD', () => {
    expect(usdOf(1n)).toBe(1e-9);
    expect(usdOf(270_000n)).toBe(0.00027);
    expect(usdOf(-5_000_000_000n)).toBe(-5);
  });

  it('loses no nano-dollar below half a million dollars', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 49n), max: 2n ** 49n }), (nano) => {
        expect(BigInt(Math.round(usdOf(nano) * 1e9))).toBe(nano);
      }),
    );
  });
});
