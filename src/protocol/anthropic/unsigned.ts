import { text } from '../guards.ts';

/**
 * Stands in the place of a signature where nobody signed: on thoughts that were translated into this dialect, and on
 * those that broke off. Anthropic refuses such thoughts, so they can be told from its own when a client sends them back.
 */
export const UNSIGNED = 'signalbox';

/** A signature, if it is one. */
export function signatureOf(value: unknown): string | undefined {
  return value === UNSIGNED ? undefined : text(value);
}
