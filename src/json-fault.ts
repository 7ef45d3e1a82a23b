/** Deeper nesting than this is refused; real requests stay far below. */
const MAX_DEPTH = 2000;

/** What is wrong with a JSON text and where. */
export interface JsonFault {
  /** Offset in UTF-16 units. */
  readonly at: number;
  readonly message: string;
}

const ESCAPES = new Set(['"', '\\', '/', 'b', 'f', 'n', 'r', 't']);

/**
 * Finds the first fault of a JSON text; used only after `JSON.parse` has refused it, since its messages differ by
 * version. `whole` names what the text is: "unexpected end of the body".
 */
export function findJsonFault(text: string, whole = 'body'): JsonFault {
  let at = 0;
  const fault = (message: string, where = at): JsonFault => ({ at: where, message });
  const seen = () =>
    at >= text.length ? `end of the ${whole}` : `\`${String.fromCodePoint(text.codePointAt(at) ?? 0)}\``;
  const space = () => {
    while (at < text.length && ' \t\n\r'.includes(text[at] ?? '')) at++;
  };
  const string = (): JsonFault | undefined => {
    for (at++; at < text.length; at++) {
      const char = text[at];
      if (char === '"') {
        at++;
        return undefined;
      }
      if (char === '\\') {
        at++;
        const escape = text[at] ?? '';
        if (escape === 'u' && /^[0-9a-f]{4}$/i.test(text.slice(at + 1, at + 5))) at += 4;
        else if (!ESCAPES.has(escape)) return fault('bad escape in a string');
      } else if (char !== undefined && char < ' ') return fault('control character in a string; write it as an escape');
    }
    return fault('unterminated string');
  };
  const scalar = (): JsonFault | undefined => {
    const rest = text.slice(at, at + 400);
    const token = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/.exec(rest)?.[0];
    if (token === undefined) return fault(`unexpected ${seen()}; expected a value`);
    at += token.length;
    return undefined;
  };

  // One closing bracket per open container; what may come next is in `expect`.
  const open: string[] = [];
  let expect: 'value' | 'first' | 'key' | 'next' = 'value';
  for (;;) {
    space();
    const char = text[at];
    if (expect === 'next') {
      const close = open.at(-1);
      if (close === undefined)
        return at < text.length ? fault(`unexpected ${seen()} after the end of the JSON`) : fault('not JSON');
      if (char === close) {
        open.pop();
        at++;
      } else if (char === ',') {
        at++;
        expect = close === '}' ? 'key' : 'value';
      } else return fault(`unexpected ${seen()}; expected \`,\` or \`${close}\``);
      continue;
    }
    if (expect === 'first' && char === open.at(-1)) {
      open.pop();
      at++;
      expect = 'next';
      continue;
    }
    if (expect === 'key' || (expect === 'first' && open.at(-1) === '}')) {
      if (char !== '"') return fault(`unexpected ${seen()}; expected a key in double quotes`);
      const bad = string();
      if (bad !== undefined) return bad;
      space();
      if (text[at] !== ':') return fault(`unexpected ${seen()}; expected \`:\``);
      at++;
      expect = 'value';
      continue;
    }
    if (char === '{' || char === '[') {
      open.push(char === '{' ? '}' : ']');
      if (open.length > MAX_DEPTH) return fault(`nested deeper than ${MAX_DEPTH} levels`);
      at++;
      expect = 'first';
      continue;
    }
    const bad = char === '"' ? string() : scalar();
    if (bad !== undefined) return bad;
    expect = 'next';
  }
}
