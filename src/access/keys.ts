import { createHash } from 'node:crypto';
import type { KeyConfig } from '../config/schema.ts';
import type { HeaderReader } from '../protocol/headers.ts';

const PREFIX = 'sb-';
/** Longer ones are no keys of ours, and are not hashed. */
const MAX_LENGTH = 200;

/** The Signalbox key of a request, from `Authorization: Bearer`, `x-api-key` or `api-key`. Anything else is not looked at. */
export function presentedKey(header: HeaderReader): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
  return [bearer, header('x-api-key'), header('api-key')].find(
    (key) => key?.startsWith(PREFIX) === true && key.length <= MAX_LENGTH,
  );
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Finds a configured key by what was presented: only hashes are kept and compared. */
export function createKeyring(keys: readonly KeyConfig[]): (presented: string) => KeyConfig | undefined {
  const byHash = new Map(
    keys.map((key) => [key.key === undefined ? (key.sha256 ?? '').toLowerCase() : sha256(key.key), key]),
  );
  return (presented) => byHash.get(sha256(presented));
}
