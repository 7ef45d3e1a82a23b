import { expect, it } from 'vitest';
import { usd } from './words.ts';

it('shows USD with the digits that small sums need, and a minus before the sign', () => {
  expect([0, 1.5, 0.05, 0.00012, -0.00181, -2].map(usd)).toEqual([
    '$0',
    '$1.50',
    '$0.0500',
    '$0.00012',
    '-$0.00181',
    '-$2.00',
  ]);
});
