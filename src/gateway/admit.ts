import { SignalboxError } from '../errors.ts';
import type { Admitted, GatewayContext } from './context.ts';
import type { Ingress } from './ingress.ts';

/** Probes answer everyone, so that a load balancer needs no key. */
const OPEN = new Set(['/health', '/v1/health', '/ready']);
/** What only an administrator may see; the rest of `/router/v1/` shows a key its own. */
const ADMIN = /^\/(?:metrics$|router\/v1\/(?:stats|usage|events|keys|experiments|whatif))/;

/**
 * Lets a request in, or says why not: host, origin, key.
 * @throws `forbidden_host`, `forbidden_origin`, `unauthorized`, `forbidden`, `draining`
 */
export function admit(context: GatewayContext, ingress: Ingress): Admitted {
  const { id, started, header, path, role, remoteAddress } = ingress;
  const base = { id, started, header, ...(role === undefined ? {} : { role }) };
  if (OPEN.has(path)) return { ...base, identity: { id: null, admin: false } };
  if (context.draining()) {
    throw new SignalboxError('draining', 'the gateway is shutting down; send the request again', { retryAfter: 1 });
  }
  return { ...base, identity: context.access.authorize({ header, remoteAddress, management: ADMIN.test(path) }) };
}
