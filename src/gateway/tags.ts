import { SignalboxError } from '../errors.ts';

/** At most this many tags per request, each part at most this long. */
const MAX_TAGS = 20;
const MAX_LENGTH = 100;

/**
 * `team=search,env=prod` → an object.
 * @throws `invalid_request`
 */
export function parseTags(text: string): Record<string, string> {
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  if (pairs.length > MAX_TAGS) {
    throw new SignalboxError(
      'invalid_request',
      `x-signalbox-tags holds ${pairs.length} tags; at most ${MAX_TAGS} are allowed`,
      { param: 'x-signalbox-tags' },
    );
  }
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      const key = pair.slice(0, at).trim();
      const value = pair.slice(at + 1).trim();
      if (at < 1 || key.length > MAX_LENGTH || value.length > MAX_LENGTH) {
        throw new SignalboxError(
          'invalid_request',
          `x-signalbox-tags: expected key=value,key=value with parts of at most ${MAX_LENGTH} characters`,
          { param: 'x-signalbox-tags' },
        );
      }
      return [key, value];
    }),
  );
}
