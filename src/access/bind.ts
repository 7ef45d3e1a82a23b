import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { isLoopbackHost } from './loopback.ts';

/**
 * Refuses to listen where others could spend money without a key.
 * @throws `config_invalid` with what to do.
 */
export function checkBind({ server, auth }: Pick<Config, 'server' | 'auth'>): void {
  if (auth.mode === 'required') {
    if (auth.keys.length > 0) return;
    throw new SignalboxError(
      'config_invalid',
      'auth.mode is "required" but auth.keys is empty, so nobody could get in: add a key, such as { name: me, key: "${SIGNALBOX_KEY}", admin: true }',
    );
  }
  if (isLoopbackHost(server.host.toLowerCase())) return;
  throw new SignalboxError(
    'config_invalid',
    `server.host "${server.host}" can be reached from other machines and auth.mode is "loopback-open": set auth.mode to "required" and add auth.keys, or listen on 127.0.0.1`,
  );
}
