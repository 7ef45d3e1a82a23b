/** A name with `*` for any run of characters, taken apart once. */
export interface Wildcard {
  /** How much of the pattern is literal: the more, the more specific. */
  readonly literal: number;
  /** Linear in the name for each part of the pattern; never backtracks. Case matters. */
  matches(name: string): boolean;
}

/** Compiles a pattern. Without a `*` it matches only itself. */
export function wildcard(pattern: string): Wildcard {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  const middle = rest.filter((part) => part !== '');
  const literal = pattern.length - (pattern.split('*').length - 1);
  if (tail === undefined) return { literal, matches: (name) => name === pattern };
  return {
    literal,
    matches(name) {
      if (name.length < literal || !name.startsWith(head) || !name.endsWith(tail)) return false;
      const end = name.length - tail.length;
      let from = head.length;
      for (const part of middle) {
        // The leftmost place leaves the most room for the parts that follow, so the first fit decides.
        const found = name.indexOf(part, from);
        if (found === -1 || found + part.length > end) return false;
        from = found + part.length;
      }
      return from <= end;
    },
  };
}
