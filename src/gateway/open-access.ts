import { createAccess, type Access } from '../access/access.ts';
import { createKeyBook } from '../access/key-book.ts';
import { createSessions } from '../access/sessions.ts';
import type { Engine } from '../signalbox.ts';

export interface OpenAccessOptions {
  /** An administrator's key beside those of the configuration, `sb-…`. */
  readonly adminKey?: string;
  /** How often keys that other processes made are looked for, milliseconds. */
  readonly keyPoll?: number;
}

/**
 * The door of an engine's gateway. Stored keys are read once somebody needs them, or `keys.start()` is called.
 * @throws `config_invalid` when the administrator's key is none.
 */
export function openAccess(engine: Engine, { adminKey, keyPoll }: OpenAccessOptions = {}): Access {
  const { auth, server } = engine.snapshot().config;
  const { clock, log, state } = engine.runtime;
  const keys = createKeyBook({
    configured: auth.keys,
    adminKey,
    store: engine.ledger.store.keys,
    state,
    clock,
    log,
    pollMs: keyPoll,
  });
  return createAccess({ auth, server, clock, keys, sessions: createSessions({ keys, state, clock }) });
}
