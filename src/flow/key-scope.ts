import { createHmac, randomBytes } from 'node:crypto';
import type { SentKeys } from '../providers/caller-key.ts';
import type { State } from '../state/state.ts';

const SALT = 'caller-key-salt';
/** 128 bits: two keys that share a scope would share their answers. */
const SCOPE_BYTES = 16;

/** Names callers' own keys: the same name for the same key in every process, and nothing that leads back to it. */
export type KeyScopes = (sent: SentKeys) => string;

/** A salt that processes share while they share their state, and that is never written elsewhere. */
export function createKeyScopes(
  state: Pick<State, 'cell' | 'load'>,
  random: (size: number) => Uint8Array = randomBytes,
): KeyScopes {
  const cell = state.cell<string>(SALT);
  void state.load([SALT]);
  let own: string | undefined;
  const salt = (): string => {
    const shared = cell.get();
    if (shared !== undefined) own = shared;
    else cell.set((own ??= Buffer.from(random(32)).toString('base64url')));
    return own;
  };
  return (sent) =>
    createHmac('sha256', salt())
      .update(JSON.stringify(Object.entries(sent).sort(([a], [b]) => (a < b ? -1 : 1))))
      .digest()
      .subarray(0, SCOPE_BYTES)
      .toString('base64url');
}
