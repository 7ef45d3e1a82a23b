import type { HeaderReader } from '../protocol/headers.ts';
import { KEY_HEADERS, type SentKeys } from '../providers/caller-key.ts';
import { isOurs } from './key-form.ts';

/** Where a caller puts its Signalbox key when the usual headers carry a provider's. */
export const KEY_HEADER = 'x-signalbox-key';

/** The credential in one of the usual headers. */
function credentialIn(name: (typeof KEY_HEADERS)[number], header: HeaderReader): string | undefined {
  const value = header(name);
  return name === 'authorization' ? /^Bearer +(\S+)$/i.exec(value ?? '')?.[1] : value;
}

/**
 * The Signalbox key of a request: whatever `x-signalbox-key` holds, else what begins with `sb-` in `Authorization: Bearer`,
 * `x-api-key` or `api-key`. Anything else is not looked at.
 */
export function presentedKey(header: HeaderReader): string | undefined {
  const named = header(KEY_HEADER);
  if (named !== undefined) return named;
  return KEY_HEADERS.map((name) => credentialIn(name, header)).find((key) => key !== undefined && isOurs(key));
}

/** One word, as long as the longest tokens there are. */
const ONE_WORD = /^[\x21-\x7e]{1,4096}$/;
/** A Signalbox key, also where it stands inside something else. */
const OURS = /(?:^|[^\w.-])sb-/i;

/** What the usual headers carry that is no Signalbox key: the caller's own at a provider. */
export function foreignKeys(header: HeaderReader): SentKeys | undefined {
  const found = KEY_HEADERS.flatMap((name): [string, string][] => {
    const key = credentialIn(name, header);
    return key === undefined || !ONE_WORD.test(key) || OURS.test(key) ? [] : [[name, key]];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}
