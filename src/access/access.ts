import type { Clock } from '../clock.ts';
import type { Config, KeyConfig } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import { createKeyring, presentedKey } from './keys.ts';
import { isLoopbackAddress } from './loopback.ts';
import { createSiteGuard } from './site.ts';

/** Who asks, and what that allows. */
export interface Identity {
  /** The key's name; null without a key. */
  readonly id: string | null;
  /** Sees everyone's requests and the management routes. */
  readonly admin: boolean;
  /** The only models that the key may use; left out = all. */
  readonly models?: readonly string[];
  readonly roles?: readonly string[];
}

/** What access is decided on. */
export interface Visit {
  readonly header: HeaderReader;
  /** The peer's address; absent inside the process. */
  readonly remoteAddress: string | undefined;
  /** Whether the path is for administrators. */
  readonly management: boolean;
}

/** The door. */
export interface Access {
  /** @throws `forbidden_host`, `forbidden_origin`, `unauthorized`, `forbidden` */
  authorize(visit: Visit): Identity;
  /** The origin in `auth.origins` that the request comes from; undefined when it comes from none of them. */
  listedOrigin(header: HeaderReader): string | undefined;
}

/** A proxy on this machine speaks for callers on others: what it forwards is not local. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

const LOCAL: Identity = { id: null, admin: true };

function identityOf(key: KeyConfig): Identity {
  const { name, admin, models, roles } = key;
  return {
    id: name,
    admin,
    ...(models === undefined ? {} : { models }),
    ...(roles === undefined ? {} : { roles }),
  };
}

/** The door that `auth` describes. On loopback it may stand open for this machine; everyone else needs a key. */
export function createAccess(auth: Config['auth'], server: Config['server'], clock: Clock): Access {
  const guard = createSiteGuard(auth, server.host);
  const findKey = createKeyring(auth.keys);

  const known = (presented: string): Identity => {
    const key = findKey(presented);
    if (key === undefined) throw new SignalboxError('unauthorized', 'this Signalbox key is not known');
    if (key.expires !== undefined && Date.parse(key.expires) <= clock.now()) {
      throw new SignalboxError('unauthorized', `the key "${key.name}" has expired`);
    }
    return identityOf(key);
  };

  const identify = ({ header, remoteAddress }: Visit): Identity => {
    const presented = presentedKey(header);
    if (presented !== undefined) return known(presented);
    if (auth.mode === 'required') {
      throw new SignalboxError(
        'unauthorized',
        'a Signalbox key is needed: send "Authorization: Bearer sb-…" or "x-api-key: sb-…"',
      );
    }
    const local = remoteAddress === undefined || isLoopbackAddress(remoteAddress);
    if (!local || FORWARDING.some((name) => header(name) !== undefined)) {
      throw new SignalboxError(
        'unauthorized',
        'only this machine may come without a key, and requests that a proxy forwards need one: see auth.keys',
      );
    }
    return LOCAL;
  };

  return {
    listedOrigin: guard.listedOrigin,
    authorize(visit) {
      if (auth.mode === 'loopback-open') guard.checkHost(visit.header);
      guard.checkOrigin(visit.header);
      const identity = identify(visit);
      if (visit.management && !identity.admin) {
        throw new SignalboxError('forbidden', 'this needs a key with admin: true');
      }
      return identity;
    },
  };
}
