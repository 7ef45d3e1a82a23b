import type { Identity } from '../access/access.ts';
import { NOBODY, type Need } from '../access/identity.ts';
import { SignalboxError } from '../errors.ts';
import type { Admitted, GatewayContext } from './context.ts';
import type { Ingress } from './ingress.ts';

/** Probes answer everyone, so that a load balancer needs no key. */
const OPEN = new Set(['/health', '/v1/health', '/ready']);

/** What a key sees of its own requests. */
const USAGE = /^\/router\/v1\/(?:usage|decisions)(?:\/|$)/;
/** What all keys share at the provider, where nobody can tell whose is whose. */
const SHARED = /^\/v1\/(?:files|batches)(?:\/|$)/;
/** What is there for every key: what runs here and which models it may use. */
const ANY =
  /^\/(?:$|ui(?:\/|$)|openapi\.json$|version$|api\/(?:hello|version|tags|ps|show)$|v1\/api\/tags$|(?:(?:api\/)?v1\/)?models(?:\/|$)|router\/v1\/(?:models|key)$)/;

/** What a path needs. Management that is not known here is the administrators'; whatever else is not, is inference. */
export function needOf(path: string): Need {
  if (USAGE.test(path)) return 'usage';
  if (path === '/router/v1/feedback') return 'feedback';
  if (ANY.test(path)) return 'any';
  if (SHARED.test(path)) return 'admin';
  return path === '/metrics' || (path.startsWith('/router/') && path !== '/router/v1/route') ? 'admin' : 'inference';
}

/** Who asks a probe: everyone is answered, and an administrator is told more. */
function visitorOf({ access }: GatewayContext, { header, remoteAddress }: Ingress): Identity {
  try {
    return access.authorize({ header, remoteAddress, need: 'admin' });
  } catch {
    return NOBODY;
  }
}

/**
 * Lets a request in, or says why not: host, origin, key, scope.
 * @throws `forbidden_host`, `forbidden_origin`, `unauthorized`, `keys_unavailable`, `forbidden`, `draining`
 */
export function admit(context: GatewayContext, ingress: Ingress, need: Need, session?: Identity): Admitted {
  const { id, started, header, path, role, remoteAddress } = ingress;
  const base = { id, started, header, ...(role === undefined ? {} : { role }) };
  if (OPEN.has(path)) return { ...base, identity: visitorOf(context, ingress), by: 'none' };
  if (context.draining()) {
    throw new SignalboxError('draining', 'the gateway is shutting down; send the request again', { retryAfter: 1 });
  }
  const identity = context.access.authorize({ header, remoteAddress, need, session });
  return { ...base, identity, by: identity.id === null ? 'none' : identity === session ? 'login' : 'key' };
}
