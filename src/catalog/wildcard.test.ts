import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { wildcard } from './wildcard.ts';

/** The textbook matcher: exponential, but obviously right. */
function slow(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern[0] === '*') return slow(pattern.slice(1), name) || (name !== '' && slow(pattern, name.slice(1)));
  return name !== '' && pattern[0] === name[0] && slow(pattern.slice(1), name.slice(1));
}

describe('wildcard', () => {
  it('agrees with the textbook matcher on every short pattern and name', () => {
    const letters = fc.constantFrom('a', 'b', '*');
    const pattern = fc.array(letters, { maxLength: 7 }).map((parts) => parts.join(''));
    const name = fc.array(fc.constantFrom('a', 'b'), { maxLength: 9 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(pattern, name, (pattern, name) => {
        expect(wildcard(pattern).matches(name)).toBe(slow(pattern, name));
      }),
      { numRuns: 2000 },
    );
  });

  it('counts literal characters, which is how specific it is', () => {
    expect(wildcard('gpt-*-mini*').literal).toBe('gpt--mini'.length);
    expect(wildcard('*').literal).toBe(0);
  });

  it('does not let head and tail share characters', () => {
    expect(wildcard('aba*aba').matches('ababa')).toBe(false);
    expect(wildcard('aba*aba').matches('abaaba')).toBe(true);
  });

  it('stays linear for a pattern that makes backtracking matchers explode', () => {
    expect(wildcard(`${'*a'.repeat(100)}*b`).matches('a'.repeat(1_000_000))).toBe(false);
  });
});
