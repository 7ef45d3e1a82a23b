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

const NOBODY =
  'auth.mode is "required" but nobody could get in: auth.keys is empty and the store has no administrator\'s key. "signalbox keys create me --admin" makes one; or set SIGNALBOX_ADMIN_KEY, or add one to auth.keys, such as { name: me, key: "${SIGNALBOX_KEY}", admin: true }';

/** Why a gateway that stands open must not listen at its host. */
function openTrouble({ server, auth }: Pick<Config, 'server' | 'auth'>): string | undefined {
  if (auth.mode === 'required' || isLoopbackHost(server.host.toLowerCase())) return undefined;
  return `server.host "${server.host}" can be reached from other machines and auth.mode is "loopback-open": set auth.mode to "required" and add keys, or listen on 127.0.0.1`;
}

/** Why {@link checkBind} will refuse, where that is certain before a store is opened. `adminKey` = the environment's. */
export function foreseenRefusal(
  config: Pick<Config, 'server' | 'auth' | 'storage'>,
  adminKey: string | undefined,
): string | undefined {
  const { auth, storage } = config;
  // A store in memory begins empty.
  const locked = auth.mode === 'required' && auth.keys.length === 0 && !adminKey && storage.url === 'memory:';
  return locked ? NOBODY : openTrouble(config);
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
  const nobody = auth.mode === 'required' && !(await hasKeys(keys, now));
  const trouble = nobody ? NOBODY : openTrouble({ server, auth });
  if (trouble !== undefined) throw new SignalboxError('config_invalid', trouble);
}
