const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
  "'": "'",
  '"': '"',
  '\\': '\\',
  '\n': '',
};
const CODES: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A Python text literal that begins at `start` with its quote. */
function literalAt(text: string, start: number): { readonly value: string; readonly end: number } | undefined {
  const quote = text[start];
  if (quote !== "'" && quote !== '"') return undefined;
  let value = '';
  let from = start + 1;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === quote) return { value: value + text.slice(from, at), end: at + 1 };
    if (char !== '\\') continue;
    value += text.slice(from, at);
    const kind = text[++at] ?? '';
    const digits = CODES[kind] ?? 0;
    const code = digits === 0 ? Number.NaN : Number.parseInt(text.slice(at + 1, at + 1 + digits), 16);
    if (code <= 0x10ffff) {
      value += String.fromCodePoint(code);
      at += digits;
    } else value += ESCAPES[kind] ?? `\\${kind}`;
    from = at + 1;
  }
  return undefined;
}

/** The texts of a Python list of texts as `repr` writes it, `['a', "it's"]`; undefined when it is not one. */
export function pythonList(text: string): string[] | undefined {
  if (!text.startsWith('[') || !text.endsWith(']')) return undefined;
  const items: string[] = [];
  let at = 1;
  while (at < text.length - 1) {
    const literal = literalAt(text, at);
    if (literal === undefined) return undefined;
    items.push(literal.value);
    const separator = /^\s*(?:,\s*|(?=\]$))/.exec(text.slice(literal.end, literal.end + 8))?.[0];
    if (separator === undefined && literal.end !== text.length - 1) return undefined;
    at = literal.end + (separator?.length ?? 0);
  }
  return items;
}

/** What a cell holds: a list of texts, joined by line breaks, or the cell itself. */
export function unlisted(cell: string): string {
  return pythonList(cell)?.join('\n') ?? cell;
}
