import type { HeaderReader } from '../protocol/headers.ts';
import { isOurs } from './key-form.ts';

/** The Signalbox key of a request, from `Authorization: Bearer`, `x-api-key` or `api-key`. Anything else is not looked at. */
export function presentedKey(header: HeaderReader): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1];
  return [bearer, header('x-api-key'), header('api-key')].find((key) => key !== undefined && isOurs(key));
}
