import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Price } from '../catalog/model.ts';
import { priceOf, RATE_NAMES } from '../catalog/rates.ts';
import { attemptCost, standIn, usdOf } from './money.ts';

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

  it('prices what is kept in the cache for an hour by its own price, else at twice the input', () => {
    const usage = { input: 100, output: 0, cacheWrite: 100, cacheWriteHour: 40 };
    // 60×3.75 + 40×6 micro-dollars
    expect(attemptCost(usage, price({ input: 3, cacheWrite: 3.75 }))).toBe(465_000n);
    // 60×3.75 + 40×5
    expect(attemptCost(usage, price({ input: 3, cacheWrite: 3.75, cacheWriteHour: 5 }))).toBe(425_000n);
    // 60×3 + 40×6
    expect(attemptCost(usage, price({ input: 3 }))).toBe(420_000n);
    expect(attemptCost({ ...usage, cacheWriteHour: 900 }, price({ input: 3, cacheWrite: 3.75 }))).toBe(600_000n);
  });

  it('prices sound, images and searches by their own prices', () => {
    const usage = { input: 1000, output: 500, audioInput: 300, imageInput: 200, audioOutput: 100, imageOutput: 50 };
    const rates = { audioInput: 10, imageInput: 5, audioOutput: 20, imageOutput: 40 };
    // 500×1 + 300×10 + 200×5 + 350×2 + 100×20 + 50×40 = 500 + 3000 + 1000 + 700 + 2000 + 2000 micro-dollars
    expect(attemptCost(usage, price({ input: 1, output: 2, ...rates }))).toBe(9_200_000n);
    // Without prices of their own they are tokens like others: 1000×1 + 500×2.
    expect(attemptCost(usage, price({ input: 1, output: 2 }))).toBe(2_000_000n);
    // 10×1 micro-dollars, and three searches of a cent.
    const searched = { input: 10, output: 0, webSearches: 3 };
    expect(attemptCost(searched, price({ input: 1, webSearch: 0.01 }))).toBe(30_010_000n);
    expect(attemptCost(searched, price({ input: 1 }))).toBe(10_000n);
  });

  it('charges all of a request at its tier, which begins above its start and counts the cache as input', () => {
    const tiered = price({
      input: 3,
      output: 15,
      cacheRead: 0.3,
      request: 0.001,
      tiers: [
        { above: 200_000, input: 6, output: 22.5, cacheRead: 0.6 },
        { above: 500_000, input: 9 },
      ],
    });
    // 200 000×3 + 1000×15 = 615 000 micro-dollars, and 1000 for the request
    expect(attemptCost({ input: 200_000, output: 1000 }, tiered)).toBe(616_000_000n);
    // 200 001×6 + 1000×22.5 = 1 222 506
    expect(attemptCost({ input: 200_001, output: 1000 }, tiered)).toBe(1_223_506_000n);
    // 1×6 + 200 000×0.6 + 1000×22.5 = 142 506
    expect(attemptCost({ input: 200_001, output: 1000, cacheRead: 200_000 }, tiered)).toBe(143_506_000n);
    // What the upper tier leaves out stays at the one below: 500 001×9 + 1000×22.5 = 4 522 509
    expect(attemptCost({ input: 500_001, output: 1000 }, tiered)).toBe(4_523_509_000n);
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

  const count = fc.integer({ min: 0, max: 2_000_000 });
  const usd = fc.double({ min: 0, max: 1000, noNaN: true });
  const maybe = (more: fc.Arbitrary<number>) => fc.option(more, { nil: undefined });
  const written = fc.record({
    input: usd,
    output: usd,
    cacheRead: maybe(usd),
    cacheWrite: maybe(usd),
    cacheWriteHour: maybe(usd),
    reasoning: maybe(usd),
    audioInput: maybe(usd),
    imageOutput: maybe(usd),
    request: maybe(usd),
    webSearch: maybe(usd),
  });
  /** Usage whose parts fit into the whole. */
  const usages = fc
    .record({
      plain: fc.tuple(count, count),
      cacheRead: count,
      short: count,
      cacheWriteHour: count,
      reasoning: count,
      audioInput: count,
      imageOutput: count,
      webSearches: fc.nat(20),
    })
    .map(({ plain: [input, output], short, ...parts }) => ({
      ...parts,
      input: input + parts.cacheRead + short + parts.cacheWriteHour + parts.audioInput,
      output: output + parts.reasoning + parts.imageOutput,
      cacheWrite: short + parts.cacheWriteHour,
    }));
  /** Tiers that make every rate dearer. */
  const dearer = (given: Price, above: number, factor: number): Price => ({
    ...given,
    tiers: [
      {
        above,
        ...Object.fromEntries(RATE_NAMES.map((name) => [name, (given[name] ?? standIn(name, given)) * factor])),
      },
    ],
  });

  it('is the sum of its parts but for one rounding each', () => {
    fc.assert(
      fc.property(count, count, written, (input, output, given) => {
        const full = { ...priceOf(given, provenance), request: 0 };
        const whole = attemptCost({ input, output }, full) ?? 0n;
        const parts = (attemptCost({ input, output: 0 }, full) ?? 0n) + (attemptCost({ input: 0, output }, full) ?? 0n);
        const gap = whole - parts;
        expect(gap >= -1n && gap <= 1n).toBe(true);
      }),
    );
  });

  it('is never negative, whatever the counts say', () => {
    const odd = fc.record({ input: fc.double(), output: fc.double(), cacheRead: fc.double(), reasoning: fc.double() });
    fc.assert(
      fc.property(fc.oneof(usages, odd), written, (usage, given) => {
        expect((attemptCost(usage, priceOf(given, provenance)) ?? -1n) >= 0n).toBe(true);
      }),
    );
  });

  it('never falls when tokens are added, across a tier that is dearer too', () => {
    fc.assert(
      fc.property(
        usages,
        count,
        written,
        count,
        fc.double({ min: 1, max: 4, noNaN: true }),
        (usage, more, given, above, factor) => {
          const full = dearer(priceOf(given, provenance), above, factor);
          const less = attemptCost(usage, full) ?? 0n;
          expect((attemptCost({ ...usage, input: usage.input + more }, full) ?? 0n) >= less).toBe(true);
          expect((attemptCost({ ...usage, output: usage.output + more }, full) ?? 0n) >= less).toBe(true);
          expect((attemptCost({ ...usage, webSearches: usage.webSearches + 1 }, full) ?? 0n) >= less).toBe(true);
        },
      ),
      { numRuns: 300 },
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
