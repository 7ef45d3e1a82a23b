import { SESSION_MS } from '../access/sessions.ts';
import type { Identity } from '../access/access.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import type { GatewayContext } from './context.ts';
import type { Ingress } from './ingress.ts';

const NAME = 'signalbox_session';

/** The session that a request names. */
export function sessionId(header: HeaderReader): string | undefined {
  return new RegExp(`(?:^|;\\s*)${NAME}=([^;\\s]*)`).exec(header('cookie') ?? '')?.[1];
}

/** Whether a browser says that a page of this very gateway asks. */
export function isOwnPage(header: HeaderReader): boolean {
  const origin = header('origin');
  const host = header('host');
  return origin === undefined
    ? header('sec-fetch-site') === 'same-origin'
    : host !== undefined && (origin === `http://${host}` || origin === `https://${host}`);
}

/** Whether the browser came by TLS: it says so in the origin of its form, a proxy in a header. */
function isSecure({ header }: Ingress): boolean {
  return (header('origin') ?? `${header('x-forwarded-proto') ?? ''}:`).startsWith('https:');
}

/** `Set-Cookie` with a session's id, or with none: the session has ended. */
export function sessionCookie(ingress: Ingress, id: string | undefined): string {
  const seconds = id === undefined ? 0 : SESSION_MS / 1000;
  return [
    `${NAME}=${id ?? ''}`,
    'Path=/',
    `Max-Age=${seconds}`,
    'HttpOnly',
    'SameSite=Strict',
    ...(isSecure(ingress) ? ['Secure'] : []),
  ].join('; ');
}

/** The page and what it reads; never inference. */
const COUNTS = /^\/(?:$|ui(?:\/|$)|router\/v1\/|metrics$|openapi\.json$|version$)/;
const SAFE = new Set(['GET', 'HEAD']);

/** Who has logged in, where a login counts: on the page and what it reads, and for changes from the page itself only. */
export async function sessionOf({ access }: GatewayContext, ingress: Ingress): Promise<Identity | undefined> {
  const { header, method, path } = ingress;
  const id = COUNTS.test(path) ? sessionId(header) : undefined;
  if (id === undefined || (!SAFE.has(method) && !isOwnPage(header))) return undefined;
  return access.sessions.find(id);
}
