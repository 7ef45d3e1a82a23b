import { SignalboxError } from '../errors.ts';
import { hasUnseen } from './names.ts';

/** At most this many tags per request, each part at most this long. */
const MAX_TAGS = 20;
const MAX_LENGTH = 100;

/**
 * A caller's tags, checked; `where` is how the caller gave them.
 * @throws `invalid_request`
 */
export function tagsOf(entries: readonly (readonly [string, unknown])[], where: string): Record<string, string> {
  const refuse = (message: string) => new SignalboxError('invalid_request', `${where}${message}`, { param: where });
  if (entries.length > MAX_TAGS) throw refuse(` holds ${entries.length} tags; at most ${MAX_TAGS} are allowed`);
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (key === '' || key.length > MAX_LENGTH || typeof value !== 'string' || value.length > MAX_LENGTH) {
        throw refuse(`: expected keys and values that are texts of at most ${MAX_LENGTH} characters`);
      }
      if (hasUnseen(key) || hasUnseen(value)) throw refuse(': expected keys and values without control characters');
      return [key, value];
    }),
  );
}
