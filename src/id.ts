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
