import { describe, expect, it } from 'vitest';
import { WINDOWS } from './usage.ts';

describe('--window', () => {
  const now = Date.parse('2026-03-04T05:06:07.890Z');

  it.each([
    ['hour', '2026-03-04T04:06:07.890Z'],
    ['today', '2026-03-04T00:00:00.000Z'],
    ['week', '2026-02-25T05:06:07.890Z'],
    ['month', '2026-02-02T05:06:07.890Z'],
    ['all', '1970-01-01T00:00:00.000Z'],
  ])('%s begins at %s', (name, begins) => {
    expect(new Date(WINDOWS[name]?.(now) ?? Number.NaN).toISOString()).toBe(begins);
  });
});
