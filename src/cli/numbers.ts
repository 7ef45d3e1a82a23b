import { SignalboxError } from '../errors.ts';

/** A whole number from the command line. */
export function wholeNumber(text: string, name: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new SignalboxError(
    'invalid_request',
    `--${name} takes a whole number from ${min} to ${max}, not "${text.slice(0, 40)}"`,
  );
}

/** A port from the command line. */
export function portOf(text: string): number {
  return wholeNumber(text, 'port', 0, 65_535);
}
