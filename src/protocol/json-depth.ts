/** Deeper than anything a client says; what is much deeper exhausts the stack of whoever walks through it. */
export const MAX_DEPTH = 1000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Set in braces, and makes them of brackets. */
const BRACE_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Offset just past the string that starts at `start`. */
function pastString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (json.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
  return json.length;
}

/** Whether sound JSON is nested deeper than {@link MAX_DEPTH}. Linear; a short text is not read, since it cannot be. */
export function isTooDeep(json: string): boolean {
  if (json.length <= 2 * MAX_DEPTH) return false;
  let depth = 0;
  for (let at = 0; at < json.length;) {
    const char = json.charCodeAt(at);
    if (char === QUOTE) {
      at = pastString(json, at);
      continue;
    }
    if ((char | BRACE_BIT) === OPENING) {
      if (++depth > MAX_DEPTH) return true;
    } else if ((char | BRACE_BIT) === CLOSING) depth--;
    at++;
  }
  return false;
}
