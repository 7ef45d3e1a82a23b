import { describe, expect, it } from 'vitest';
import { barLine } from './eta-bar.ts';

describe('barLine', () => {
  it('shows the share and what is left of the time', () => {
    const half = `fitting [${'█'.repeat(15)}${'░'.repeat(15)}]`;
    expect(barLine('fitting', 0.5, 42_000)).toBe(`${half} 50 %, 0:42 left`);
    expect(barLine('fitting', 0.5, 3_725_000)).toBe(`${half} 50 %, 1:02:05 left`);
  });

  it('promises nothing at the start, and stays within its bounds', () => {
    expect(barLine('x', 0.01, 1000)).toBe(`x [${'░'.repeat(30)}] 1 %`);
    expect(barLine('x', 1.2, 1000)).toBe(`x [${'█'.repeat(30)}] 100 %, 0:00 left`);
  });
});
