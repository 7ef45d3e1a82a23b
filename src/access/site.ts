import type { Config } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import { hostOf, isLoopbackHost } from './loopback.ts';

/** Browsers send one of these for what a page of this gateway, or the address bar, asked for. */
const OWN_SITE = new Set(['same-origin', 'none']);

/** Guards against pages of other sites in a user's browser: cross-site requests and DNS rebinding. */
export interface SiteGuard {
  /** @throws `forbidden_host` when the name in `Host` is none that this gateway goes by. */
  checkHost(header: HeaderReader): void;
  /** @throws `forbidden_origin` for a page of another site that is not listed. */
  checkOrigin(header: HeaderReader): void;
  /** The origin of a page that may call from another site; undefined for every other caller. */
  listedOrigin(header: HeaderReader): string | undefined;
}

/** Makes the guard for `auth.origins`, `auth.hosts` and the bind address. */
export function createSiteGuard(auth: Pick<Config['auth'], 'origins' | 'hosts'>, host: string): SiteGuard {
  const listed = new Set(auth.origins.map((origin) => new URL(origin).origin));
  const hosts = new Set([host, ...auth.hosts].map((name) => name.toLowerCase()));
  const listedOrigin = (header: HeaderReader): string | undefined => {
    const origin = listed.size === 0 ? undefined : header('origin');
    return origin !== undefined && listed.has(origin) ? origin : undefined;
  };
  // Nearly every request has the header of the one before it.
  let accepted: string | undefined;
  return {
    listedOrigin,
    checkHost(header) {
      const given = header('host');
      // Browsers always send one; whoever sends none is no page.
      if (given === undefined || given === accepted) return;
      const name = hostOf(given);
      if (name !== undefined && (isLoopbackHost(name) || hosts.has(name))) {
        accepted = given;
        return;
      }
      throw new SignalboxError(
        'forbidden_host',
        'the Host header does not name this machine: use http://127.0.0.1, or add the name to auth.hosts',
      );
    },
    checkOrigin(header) {
      const origin = header('origin');
      if (origin !== undefined) {
        if (listed.has(origin)) return;
        const host = header('host');
        if (host === undefined || (origin !== `http://${host}` && origin !== `https://${host}`)) throw foreign(origin);
      }
      const site = header('sec-fetch-site');
      if (site !== undefined && !OWN_SITE.has(site)) throw foreign(origin ?? site);
    },
  };
}

function foreign(origin: string): SignalboxError {
  return new SignalboxError(
    'forbidden_origin',
    `a page of another site (${origin.slice(0, 100)}) may not use this gateway: add its origin to auth.origins to allow it`,
  );
}
