import type { Clock, Random } from './clock.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'; // Crockford's base 32, lower case: sorts as it counts

function base32(value: number, length: number): string {
  let text = '';
  for (let rest = value, i = 0; i < length; i++, rest = Math.floor(rest / 32))
    text = (ALPHABET[rest % 32] ?? '0') + text;
  return text;
}

/** Ids that sort by time of creation, strictly within one generator: 10 characters of milliseconds, 4 of sequence, 6 of chance. */
export function createIds(clock: Clock, random: Random): () => string {
  let last = 0;
  let sequence = 0;
  return () => {
    const now = clock.now();
    if (now > last) {
      last = now;
      sequence = 0;
    } else sequence++;
    return base32(last, 10) + base32(sequence, 4) + base32(Math.floor(random() * 2 ** 30), 6);
  };
}

/** Characters of an id that tell its time. */
const TIME = 10;

/** Where ids begin that are made at `ms` or later: no earlier id sorts after it. */
export function firstIdAt(ms: number): string {
  return base32(Math.max(0, Math.floor(ms)), TIME);
}

/** When an id was made, milliseconds since 1970; `undefined` for what {@link createIds} did not make. */
export function timeOfId(id: string): number | undefined {
  if (id.length < TIME) return undefined;
  let ms = 0;
  for (const character of id.slice(0, TIME)) {
    const digit = ALPHABET.indexOf(character);
    if (digit === -1) return undefined;
    ms = ms * 32 + digit;
  }
  return ms;
}
