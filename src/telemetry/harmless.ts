/**
 * Characters that a terminal takes for orders, or that turn round what it shows: C0 and C1 but for tabs and ends of
 * lines, the marks of writing direction, and the separators that some take for ends of lines.
 */
const ORDERS = /\r(?!\n)|(?![\t\n\r])\p{Cc}|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

const code = (char: string): string => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;

/** A text that a terminal only shows: names and errors may come from anybody. Orders are written as JSON would: `\u001b`. */
export function harmless(text: string): string {
  return text.replaceAll(ORDERS, code);
}

/** The same for what has to stay on its line, or in its cell. */
export function harmlessLine(text: string): string {
  return harmless(text.replaceAll(/[\t\n\r]+/g, ' '));
}
