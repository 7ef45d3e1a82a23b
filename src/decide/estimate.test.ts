import { describe, expect, it } from 'vitest';
import { attemptCost, usdOf } from '../ledger/money.ts';
import type { Price } from '../catalog/model.ts';
import { expectedCost } from './estimate.ts';

const price: Price = {
  input: 3,
  output: 15,
  cacheRead: 0.3,
  request: 0.001,
  tiers: [{ above: 200_000, input: 6, output: 22.5, cacheRead: 0.6 }],
  provenance: { source: 'config', date: '2026-11-25' },
};

describe('expectedCost', () => {
  it.each([
    // 200 000×3 + 500×15 micro-dollars
    { input: 200_000, output: 500, cacheRead: 0, usd: 0.6085 },
    // 200 001×6 + 500×22.5
    { input: 200_001, output: 500, cacheRead: 0, usd: 1.212_256 },
    // 50 001×6 + 150 000×0.6 + 500×22.5
    { input: 200_001, output: 500, cacheRead: 150_000, usd: 0.402_256 },
  ])('is what the ledger books at the same tier: %o', ({ input, output, cacheRead, usd }) => {
    expect(expectedCost(price, input, output, cacheRead)).toBeCloseTo(usd, 12);
    expect(usdOf(attemptCost({ input, output, cacheRead }, price))).toBe(usd);
  });
});
