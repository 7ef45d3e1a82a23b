import { describe, expect, it } from 'vitest';
import { commentOf, hasUnseen, nameOf } from './names.ts';

describe('names that callers give', () => {
  it.each([
    ['plain', 'plain'],
    ['José 👩‍🚀 東京', 'José 👩‍🚀 東京'],
    ['\u001b[31mred\u0000\u007f', '[31mred'],
    ['a\r\nb\tc', 'abc'],
    ['a\u202eb\u2028c', 'abc'],
    [' \u0007 ', undefined],
    ['', undefined],
    [undefined, undefined],
    ['x'.repeat(300), 'x'.repeat(200)],
    // No half of a character at the end, and none that was sent.
    [`${'x'.repeat(199)}😀`, 'x'.repeat(199)],
    ['a\ud83db', 'ab'],
  ])('are kept without controls, and cut: %j', (given, kept) => {
    expect(nameOf(given)).toBe(kept);
    expect(hasUnseen(kept ?? '')).toBe(false);
  });

  it('stay the same when they are kept again', () => {
    for (const name of ['a\u0000 b', `${'x'.repeat(199)}😀`, `${'x'.repeat(199)} y`]) {
      expect(nameOf(nameOf(name))).toBe(nameOf(name));
    }
  });
});

it('comments keep their lines', () => {
  expect(commentOf('good\n\tbut \u001b[2Jslow\r\n')).toBe('good\n\tbut [2Jslow');
  expect(commentOf('\u0000')).toBeUndefined();
});
