import type { WholeAnswer } from './whole-reader.ts';

/** An upstream's headers with one value each. */
export function headersOf(raw: WholeAnswer['headers']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const name in raw) {
    const value = raw[name];
    if (typeof value === 'string') headers[name] = value;
    else if (value !== undefined) headers[name] = value.join(', ');
  }
  return headers;
}
