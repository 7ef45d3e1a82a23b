import { describe, expect, it } from 'vitest';
import { createDeadline } from './deadline.ts';

describe('a deadline', () => {
  it('is one for all calls, and stands still while an answer flows', () => {
    let elapsed = 100;
    const deadline = createDeadline({ now: () => 0, elapsed: () => elapsed }, 50, 1000);
    expect(deadline.remaining()).toBe(950);
    deadline.stands();
    elapsed += 5000;
    deadline.stands();
    expect(deadline.remaining()).toBe(950);
    deadline.runs();
    elapsed += 900;
    deadline.runs();
    expect(deadline.remaining()).toBe(50);
    deadline.stands();
    elapsed += 100;
    deadline.runs();
    elapsed += 60;
    expect(deadline.remaining()).toBe(-10);
  });
});
