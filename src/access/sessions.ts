import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { SignalboxError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Identity } from './identity.ts';
import type { KeyBook } from './key-book.ts';
import { digestOf, hasKeyForm } from './key-form.ts';
import { checkInForce, type KnownKey } from './keyring.ts';

/** How long a login lasts, milliseconds. */
export const SESSION_MS = 12 * 3_600_000;
/** Logins that may fail from one address. */
const ATTEMPTS = { max: 10, per: 60_000 };
const ID = /^[A-Za-z0-9_-]{43}$/;

/** What is kept of a login: whose it is, by the hash of the key. */
interface Session {
  readonly sha256: string;
}

/** Logins of browsers, which cannot send a key: an id that says nothing stands for it. */
export interface Sessions {
  /**
   * Begins a session for whoever presents an administrator's key, and gives its id.
   * @throws `too_many_logins`, `unauthorized`, `keys_unavailable`, `forbidden`
   */
  open(presented: string, address: string): Promise<string>;
  /** Who has this session: undefined when it has ended, or its key is no longer in force. */
  find(id: string): Promise<Identity | undefined>;
  end(id: string): void;
}

export interface SessionsOptions {
  readonly keys: KeyBook;
  readonly state: State;
  readonly clock: Clock;
}

/** Sessions in `state/`, under the hash of their id: reading the state gives nobody a session. */
export function createSessions({ keys, state, clock }: SessionsOptions): Sessions {
  const nameOf = (id: string): string => `login:${digestOf(id).toString('base64url')}`;
  const cellOf = (id: string) => state.cell<Session | null>(nameOf(id));

  const holderOf = async (find: () => KnownKey | undefined): Promise<KnownKey> => {
    if (find() === undefined && keys.pending !== undefined) await keys.pending;
    const key = find();
    if (key !== undefined) {
      checkInForce(key, clock.now());
      return key;
    }
    if (keys.certain) throw new SignalboxError('unauthorized', 'this Signalbox key is not known');
    throw new SignalboxError('keys_unavailable', undefined, { retryAfter: 5 });
  };

  return {
    async open(presented, address) {
      const lease = await state.take(`logins:${address}`, 1, ATTEMPTS);
      if (!lease.granted) {
        const retryAfter = Math.max(1, Math.ceil(lease.retryAfter / 1000));
        throw new SignalboxError('too_many_logins', undefined, { retryAfter });
      }
      if (!hasKeyForm(presented))
        throw new SignalboxError('unauthorized', 'this is no Signalbox key: they begin with sb-');
      const key = await holderOf(() => keys.find(presented));
      if (!key.identity.admin) throw new SignalboxError('forbidden', 'the page needs an administrator’s key');
      lease.release(1);
      const id = randomBytes(32).toString('base64url');
      cellOf(id).set({ sha256: key.digest.toString('hex') }, SESSION_MS);
      return id;
    },
    async find(id) {
      if (!ID.test(id)) return undefined;
      await state.load([nameOf(id)]);
      const session = cellOf(id).get();
      if (session === undefined || session === null) return undefined;
      const digest = Buffer.from(session.sha256, 'hex');
      const key = await holderOf(() => keys.byDigest(digest)).catch(() => undefined);
      return key?.identity.admin === true ? key.identity : undefined;
    },
    end(id) {
      if (ID.test(id)) cellOf(id).set(null, SESSION_MS);
    },
  };
}
