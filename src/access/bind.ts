import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { KeyBook } from './key-book.ts';
import { isLoopbackHost } from './loopback.ts';

/** Whether somebody can get in by a key that is there; a store that cannot be read may have one. */
async function hasKeys(keys: KeyBook, now: number): Promise<boolean> {
  if (keys.settled.length > 0) return true;
  await keys.start();
  if (!keys.certain) return true;
  return keys.stored.some(
    ({ admin, revokedAt, expiresAt = Infinity }) => admin && revokedAt === undefined && expiresAt > now,
  );
}

/**
 * Refuses to listen where others could spend money without a key, and where nobody could get in.
 * @throws `config_invalid` with what to do.
 */
export async function checkBind(
  { server, auth }: Pick<Config, 'server' | 'auth'>,
  keys: KeyBook,
  now: number,
): Promise<void> {
  if (auth.mode === 'required') {
    if (await hasKeys(keys, now)) return;
    throw new SignalboxError(
      'config_invalid',
      'auth.mode is "required" but nobody could get in: auth.keys is empty and the store has no administrator\'s key. "signalbox keys create me --admin" makes one; or set SIGNALBOX_ADMIN_KEY, or add one to auth.keys, such as { name: me, key: "${SIGNALBOX_KEY}", admin: true }',
    );
  }
  if (isLoopbackHost(server.host.toLowerCase())) return;
  throw new SignalboxError(
    'config_invalid',
    `server.host "${server.host}" can be reached from other machines and auth.mode is "loopback-open": set auth.mode to "required" and add keys, or listen on 127.0.0.1`,
  );
}
