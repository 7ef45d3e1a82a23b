import type { Usage } from '../protocol/chat.ts';

/**
 * Tokens of an answer as if one call had given it: one model would have read the request once, however many calls its
 * answer took.
 *
 * @param first Of the first call; left out where it was the only one.
 * @param answered Of all of them.
 */
export function readOnce(first: Usage | undefined, answered: Usage): Usage {
  if (first === undefined) return answered;
  const { output, reasoning } = answered;
  return { ...first, output, ...(reasoning === undefined ? {} : { reasoning }) };
}

/** The calls that an answer was made of, in order, among all that were made for it: the last ones that tell its input. */
export function legsOf<Call extends { readonly usage: Usage }>(
  calls: readonly Call[],
  answered: Usage,
): readonly Call[] {
  let left = answered.input;
  for (let i = calls.length - 1; i >= 0; i--) {
    left -= calls[i]?.usage.input ?? 0;
    if (left <= 0) return calls.slice(i);
  }
  return calls;
}
