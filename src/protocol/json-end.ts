/** Finds where a JSON object ends that comes in pieces. */
export interface JsonEnd {
  /** Whether the object is whole with this piece. */
  add(piece: string): boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** Set in braces, and makes them of brackets. */
const BRACE_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

/** Reads every character once. */
export function createJsonEnd(): JsonEnd {
  let depth = 0;
  let quoted = false;
  let escaped = false;
  return {
    add(piece) {
      for (let i = 0; i < piece.length; i++) {
        const char = piece.charCodeAt(i);
        if (escaped) escaped = false;
        else if (quoted) {
          if (char === BACKSLASH) escaped = true;
          else if (char === QUOTE) quoted = false;
        } else if (char === QUOTE) quoted = true;
        else if ((char | BRACE_BIT) === OPENING) depth++;
        else if ((char | BRACE_BIT) === CLOSING) {
          depth--;
          if (depth <= 0) return true;
        }
      }
      return false;
    },
  };
}
