import { describe, expect, it } from 'vitest';
import { roundedMs, roundedUsd } from './rounded.ts';

describe('what is told', () => {
  it.each([
    [0.049662500000000005, 0.0496625],
    [0.1 + 0.2, 0.3],
    [0.000_000_001, 0.000_000_001],
    [1e300, 1e300],
  ])('of %f USD is %f', (usd, told) => {
    expect(roundedUsd(usd)).toBe(told);
  });

  it.each([
    [3.999999999999999, 4],
    [0.4004, 0.4],
    [1e307, 1e307],
  ])('of %f ms is %f', (ms, told) => {
    expect(roundedMs(ms)).toBe(told);
  });
});
