const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
const anyCase = (hex: string): string => hex.replaceAll(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

/** What else is written for some characters, as patterns; JSON may stand in JSON. */
const NAMED: Readonly<Record<string, readonly string[]>> = {
  '&': ['&amp;'],
  '<': ['&lt;'],
  '>': ['&gt;'],
  '"': ['&quot;', '\\\\{1,8}"'],
  '/': ['\\\\{1,8}/'],
  '\\': ['\\\\{1,8}'],
};

/** A character as it is, or as JSON, an address or a page may write it. */
function characterForms(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = anyCase(code.toString(16).padStart(2, '0'));
  const others = Object.hasOwn(NAMED, char) ? (NAMED[char] ?? []) : [];
  const forms = [
    escaped(char),
    `\\\\{1,8}u00${hex}`,
    `%(?:25){0,4}${hex}`,
    `&#0{0,6}${code};`,
    `&#[xX]0{0,6}${hex};`,
    ...others,
  ];
  return `(?:${forms.join('|')})`;
}

/** Bits of one character of base64, and of a byte. */
const SEXTET = 6;
const OCTET = 8;

/** What base64 of any text around a secret holds of it: three, by where the secret begins. */
function base64Forms(secret: string): string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    const from = Math.ceil((before * OCTET) / SEXTET);
    const to = Math.floor((bytes.length * OCTET) / SEXTET);
    return [bytes.toString('base64').slice(from, to), bytes.toString('base64url').slice(from, to)];
  });
}

/**
 * Finds a secret however a text writes it: plain, with any of its characters escaped as in JSON, in an address or in a
 * page, as base64 wherever it begins there, or as hexadecimal digits. A secret is ASCII.
 */
export function disguisesOf(secret: string): RegExp {
  const spelt = Array.from(secret, characterForms).join('');
  const whole = [...base64Forms(secret).map(escaped), anyCase(Buffer.from(secret).toString('hex'))];
  return new RegExp([spelt, ...new Set(whole)].join('|'), 'g');
}
