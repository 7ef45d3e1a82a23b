import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stackOf, withoutQuotesOf, withoutQuotesOfBytes } from './quotes.ts';

const asking = (content: unknown, rest: object = {}) => ({
  model: 'gpt-4o',
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content },
  ],
  ...rest,
});
const cut = (message: string, content: unknown, rest?: object) => withoutQuotesOf(asking(content, rest))(message);
const letters = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

describe('a message about a request', () => {
  it.each([
    [
      'status 400: Unsupported parameter: max_tokens is not supported with this model',
      'What is the capital of France?',
    ],
    ["status 400: Invalid value: 'foo'. Supported values are: 'system', 'user'", 'Say hello to my grandmother'],
    ['status 503: model is loading', 'x'],
    ['no byte for 30 s', 'no'],
  ])('that quotes nothing stays: %s', (message, content) => {
    expect(cut(message, content)).toBe(message);
  });

  it.each([
    [
      'Invalid content: my password is hunter2 (filtered)',
      'My password is: "hunter2"',
      'Invalid content: … (filtered)',
    ],
    ['Blocked: MY-PASSWORD-IS-HUNTER2!', 'my password is hunter2', 'Blocked: …!'],
    [
      String.raw`bad input "first line\nsecond \"line\" \u00e9t\u00e9"`,
      'first line\nsecond "line" été',
      'bad input "…"',
    ],
    ["flagged term 'pin 12'", 'the pin 12 is mine', "flagged term '…'"],
    ['flagged “秘” and 我的密码是 here', '我的密码是秘密', 'flagged “…” and … here'],
    ['quoted `a b`: one c d', 'a b', 'quoted `…`: one c d'],
  ])('is told without what it quotes: %s', (message, content, expected) => {
    expect(cut(message, content)).toBe(expected);
  });

  it('is looked through for every text, names of tools’ arguments too, and not for words of the protocol', () => {
    const rest = {
      tools: [
        { type: 'function', function: { name: 'lookup_patient', parameters: { properties: { birthday_of: {} } } } },
      ],
    };
    const message = 'messages, role user, gpt-4o: lookup_patient has birthday_of, be brief, and grandmother';
    const expected = 'messages, role user, gpt-4o: … has …, be brief, and …';
    expect(cut(message, [{ type: 'text', text: 'my grandmother' }], rest)).toBe(expected);
    const bytes = (value: string) => withoutQuotesOfBytes(Buffer.from(value))(message);
    expect(bytes(JSON.stringify(asking('my grandmother', rest)))).toBe(expected);
    expect(bytes('--form\r\nmy grandmother\r\nlookup_patient')).toBe(
      'messages, role user, gpt-4o: … has birthday_of, be brief, and …',
    );
    expect(withoutQuotesOfBytes(undefined)(message)).toBe(message);
  });

  it('is told without a provider’s words where the request is too large to look through', () => {
    expect(cut('status 400: my words', 'x '.repeat(600_000))).toBe('status 400');
    expect(cut('the stream broke', 'x '.repeat(600_000))).toBe('the stream broke');
  });

  it('of the engine’s has the place where it failed, and not what it choked on', () => {
    const failing = (work: () => unknown): string => {
      try {
        return String(work());
      } catch (error) {
        return stackOf(error);
      }
    };
    const told = failing(() => JSON.parse('my "secret" words'));
    expect(told).toMatch(/^SyntaxError: Unexpected token … is not valid JSON\n +at .*quotes\.test\.ts/s);
    expect(told).not.toMatch(/secret|words/);
    expect(stackOf('plain')).toBe('plain');
  });

  it('never has eight letters or digits in a row of the request, whatever stands between them', () => {
    const words = fc.array(fc.stringMatching(/^[a-z0-9]{1,9}$/), { minLength: 1, maxLength: 40 });
    const gap = fc.constantFrom(' ', ', ', '\n', '-', '  ');
    fc.assert(
      fc.property(words, gap, gap, fc.nat(), fc.nat(), words, (asked, one, other, from, size, around) => {
        const start = from % asked.length;
        const quoted = asked.slice(start, start + 1 + (size % asked.length)).join(other);
        const message = `${around.slice(0, 5).join(' ')} ${quoted.toUpperCase()} ${around.slice(5, 9).join(' ')}`;
        const told = cut(message, asked.join(one));
        const prompt = letters(asked.join(''));
        for (const part of told.split('…').map(letters)) {
          for (let i = 0; i + 8 <= part.length; i++) expect(prompt).not.toContain(part.slice(i, i + 8));
        }
      }),
      { numRuns: 500 },
    );
  });
});
