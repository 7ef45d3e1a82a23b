import { SignalboxError } from '../errors.ts';
import { tagsOf } from '../flow/tags.ts';

const HEADER = 'x-signalbox-tags';

/**
 * `team=search,env=prod` → an object.
 * @throws `invalid_request`
 */
export function parseTags(text: string): Record<string, string> {
  const pairs = text.split(',').filter((part) => part.trim() !== '');
  const entries = pairs.map((pair) => {
    const at = pair.indexOf('=');
    if (at === -1) throw new SignalboxError('invalid_request', `${HEADER}: expected key=value,…`, { param: HEADER });
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const;
  });
  return tagsOf(entries, HEADER);
}
