/** What lies between the values of one list option: no file name has it. */
const BETWEEN = '\n';

/**
 * Lets options take several values: `--data a b`, `--data a --data b` and `--data=a` become one word each, which
 * {@link listOf} takes apart again.
 */
export function joinLists(rawArgs: readonly string[], names: readonly string[]): string[] {
  const lists = new Map<string, string[]>();
  const rest: string[] = [];
  let open: string[] | undefined;
  for (const word of rawArgs) {
    const option = /^--([^=]+)(?:=(.*))?$/s.exec(word);
    const [, name = '', value] = option ?? [];
    if (option !== null && names.includes(name)) {
      open = lists.get(name) ?? [];
      lists.set(name, open);
      if (value !== undefined) open.push(value);
    } else if (open !== undefined && !word.startsWith('-')) open.push(word);
    else {
      open = undefined;
      rest.push(word);
    }
  }
  // An option without a value stays one, so that it is told.
  for (const [name, values] of lists)
    rest.push(...(values.length === 0 ? [`--${name}`] : [`--${name}=${values.join(BETWEEN)}`]));
  return rest;
}

/** The values of a list option; with `commas` each may hold several. */
export function listOf(text: string | undefined, { commas = false } = {}): string[] {
  const parts = (text ?? '').split(commas ? /[\n,]/ : BETWEEN);
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}
