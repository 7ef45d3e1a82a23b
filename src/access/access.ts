import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import { isForwarded } from './forwarded.ts';
import { LOCAL, type Identity, type Need } from './identity.ts';
import type { KeyBook } from './key-book.ts';
import { hasKeyForm } from './key-form.ts';
import { checkInForce } from './keyring.ts';
import { presentedKey } from './keys.ts';
import { isLoopbackAddress } from './loopback.ts';
import type { Sessions } from './sessions.ts';
import { createSiteGuard } from './site.ts';

export type { Identity } from './identity.ts';

/** What access is decided on. */
export interface Visit {
  readonly header: HeaderReader;
  /** The peer's address; absent inside the process. */
  readonly remoteAddress: string | undefined;
  /** What the path needs. */
  readonly need: Need;
  /** Who has logged in, where a login counts. */
  readonly session?: Identity | undefined;
}

/** The door. */
export interface Access {
  readonly keys: KeyBook;
  readonly sessions: Sessions;
  /** What a caller has to wait for: the first reading of stored keys, when its key may be one of them. */
  waitsFor(header: HeaderReader): Promise<void> | undefined;
  /** @throws `forbidden_host`, `forbidden_origin` */
  checkSite(header: HeaderReader): void;
  /** @throws `forbidden_host`, `forbidden_origin`, `unauthorized`, `keys_unavailable`, `forbidden` */
  authorize(visit: Visit): Identity;
  /** The origin in `auth.origins` that the request comes from; undefined when it comes from none of them. */
  listedOrigin(header: HeaderReader): string | undefined;
}

export interface AccessOptions {
  readonly auth: Config['auth'];
  readonly server: Config['server'];
  readonly clock: Clock;
  readonly keys: KeyBook;
  readonly sessions: Sessions;
}

/** @throws `forbidden` when a caller has not what a path needs. */
function checkNeed({ admin, scopes }: Identity, need: Need): void {
  if (need === 'any' || (admin && need !== 'inference')) return;
  if (need === 'admin') throw new SignalboxError('forbidden', 'this needs a key with admin: true');
  if (scopes.includes(need)) return;
  throw new SignalboxError('forbidden', `this needs a key with the scope "${need}"`);
}

/** The caller that a presented key makes: its form is checked before anything is looked up. */
function holderOf(presented: string, keys: KeyBook, now: number): Identity {
  if (!hasKeyForm(presented)) {
    throw new SignalboxError('unauthorized', 'this is no Signalbox key: it is too short, too long, or not one word');
  }
  const key = keys.find(presented);
  if (key !== undefined) {
    checkInForce(key, now);
    return key.identity;
  }
  if (keys.certain) throw new SignalboxError('unauthorized', 'this Signalbox key is not known');
  throw new SignalboxError(
    'keys_unavailable',
    'the store of keys cannot be read now, so nobody knows whether this key is one: send the request again later; keys of auth.keys work meanwhile',
    { retryAfter: 5 },
  );
}

/** The door that `auth` describes. On loopback it may stand open for this machine; everyone else needs a key. */
export function createAccess({ auth, server, clock, keys, sessions }: AccessOptions): Access {
  const guard = createSiteGuard(auth, server.host);

  const identify = ({ header, remoteAddress, session }: Visit): Identity => {
    const presented = presentedKey(header);
    if (presented !== undefined) return holderOf(presented, keys, clock.now());
    if (session !== undefined) return session;
    if (auth.mode === 'required') {
      throw new SignalboxError(
        'unauthorized',
        'a Signalbox key is needed: send "Authorization: Bearer sb-…", "x-api-key: sb-…", or "x-signalbox-key: sb-…" beside a provider’s key',
      );
    }
    const local = remoteAddress === undefined || isLoopbackAddress(remoteAddress);
    if (!local || isForwarded(header)) {
      throw new SignalboxError(
        'unauthorized',
        'only this machine may come without a key, and requests that a proxy forwards need one: see auth.keys',
      );
    }
    return LOCAL;
  };

  const checkSite = (header: HeaderReader): void => {
    if (auth.mode === 'loopback-open') guard.checkHost(header);
    guard.checkOrigin(header);
  };

  return {
    keys,
    sessions,
    listedOrigin: guard.listedOrigin,
    checkSite,
    waitsFor(header) {
      const pending = keys.certain ? undefined : presentedKey(header);
      return pending === undefined || !hasKeyForm(pending) || keys.find(pending) !== undefined
        ? undefined
        : keys.pending;
    },
    authorize(visit) {
      checkSite(visit.header);
      const identity = identify(visit);
      checkNeed(identity, visit.need);
      return identity;
    },
  };
}
