import { SignalboxError } from '../errors.ts';
import { headerReader, type Admitted, type GatewayContext, type NodeBindings } from './context.ts';

/** Probes answer everyone, so that a load balancer needs no key. */
const OPEN = new Set(['/health', '/v1/health', '/ready']);
/** What only an administrator may see; the rest of `/router/v1/` shows a key its own. */
const ADMIN = /^\/(?:metrics$|router\/v1\/(?:stats|usage|events|keys|experiments|whatif))/;

interface Ingress {
  readonly id: string;
  readonly started: number;
  readonly path: string;
  readonly role: string | undefined;
}

/**
 * Lets a request in, or says why not: host, origin, key.
 * @throws `forbidden_host`, `forbidden_origin`, `unauthorized`, `forbidden`, `draining`
 */
export function admit(context: GatewayContext, request: Request, env: NodeBindings, ingress: Ingress): Admitted {
  const { id, started, path, role } = ingress;
  const header = headerReader(request, env);
  const base = { id, started, header, ...(role === undefined ? {} : { role }) };
  if (OPEN.has(path)) return { ...base, identity: { id: null, admin: false } };
  if (context.draining()) {
    throw new SignalboxError('draining', 'the gateway is shutting down; send the request again', { retryAfter: 1 });
  }
  const identity = context.access.authorize({
    header,
    remoteAddress: env.incoming?.socket.remoteAddress,
    management: ADMIN.test(path),
  });
  return { ...base, identity };
}
