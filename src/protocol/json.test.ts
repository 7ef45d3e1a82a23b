import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../errors.ts';
import { parseJson } from './json.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
function messageOf(text: string | Uint8Array): string {
  try {
    parseJson(typeof text === 'string' ? Buffer.from(text) : text);
  } catch (error) {
    return SignalboxError.is(error) && error.code === 'invalid_json' ? error.message : `unexpected ${String(error)}`;
  }
  return 'parsed';
}

describe('parseJson', () => {
  it('parses any JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ['lists', (n: number) => '['.repeat(n) + ']'.repeat(n)],
    ['objects', (n: number) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`],
    [
      'lists beside strings of brackets',
      (n: number) => `["${'[{'.repeat(3000)}\\"\\\\",${'['.repeat(n - 1)}${']'.repeat(n)}`,
    ],
  ])('takes %s 1000 deep, and no deeper', (_name, nested) => {
    expect(messageOf(nested(1000))).toBe('parsed');
    expect(messageOf(nested(1001))).toBe('the body is nested deeper than 1000 levels');
    expect(messageOf(nested(1_000_000))).toBe('the body is nested deeper than 1000 levels');
  });

  it('says where the first fault is', () => {
    expect(messageOf('{"a":1,}')).toContain('line 1, column 8: unexpected `}`; expected a key in double quotes');
    expect(messageOf('{\n  "a": tru\n}')).toContain('line 2, column 8: unexpected `t`; expected a value');
    expect(messageOf('{"a" 1}')).toContain('line 1, column 6: unexpected `1`; expected `:`');
    expect(messageOf('[1 2]')).toContain('expected `,` or `]`');
    expect(messageOf('{"a":1} x')).toContain('line 1, column 9: unexpected `x` after the end');
    expect(messageOf('{"a":"x')).toContain('unterminated string');
    expect(messageOf('{"a":"\\x"}')).toContain('bad escape');
    expect(messageOf('{"a":"\n"}')).toContain('control character');
    expect(messageOf('{"a":')).toContain('unexpected end of the body; expected a value');
    expect(messageOf('')).toContain('empty');
  });

  it('refuses bytes that are not UTF-8, and tolerates a byte order mark', () => {
    expect(messageOf(Uint8Array.of(0x7b, 0xff, 0x7d))).toContain('not valid UTF-8');
    expect(parseJson(Buffer.from('\uFEFF{"a":1}'))).toEqual({ a: 1 });
  });

  it('survives a nesting bomb', () => {
    expect(messageOf('['.repeat(100_000))).toMatch(/nested deeper|unexpected end/);
  });

  it('finds a fault in every broken text, never more than one past its end', () => {
    fc.assert(
      fc.property(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '}', ']', '"', ',', ':', '\\', 'x', '\n'),
        (text, at, char) => {
          const broken = text.slice(0, at % (text.length + 1)) + char + text.slice((at % (text.length + 1)) + 1);
          let valid = true;
          try {
            JSON.parse(broken);
          } catch {
            valid = false;
          }
          expect(messageOf(broken)).toMatch(valid ? /^parsed$/ : /empty|line \d+, column \d+: (?!not JSON)/);
        },
      ),
    );
  });
});
