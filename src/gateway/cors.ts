import { wholeBody } from '../flow/body.ts';
import type { GatewayContext } from './context.ts';
import type { Ingress } from './ingress.ts';
import type { Reply } from './reply.ts';

/** Answers the preflight of a listed origin; any other is left to the guard. */
export function preflight(context: GatewayContext, ingress: Ingress): Reply | undefined {
  if (ingress.method !== 'OPTIONS') return undefined;
  const origin = context.access.listedOrigin(ingress.header);
  if (origin === undefined) return undefined;
  return {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': ingress.header('access-control-request-headers') ?? '*',
      'access-control-max-age': '600',
      vary: 'origin',
    },
    body: wholeBody(new Uint8Array()),
  };
}

/**
 * Headers that let a listed origin read an answer and its `x-signalbox-*` headers, given the answer's header names;
 * undefined when it is from no listed one.
 */
export function corsHeaders(
  context: GatewayContext,
  ingress: Ingress,
  names: Iterable<string>,
): Record<string, string> | undefined {
  const origin = context.access.listedOrigin(ingress.header);
  if (origin === undefined) return undefined;
  const exposed = [...names].filter((name) => name.startsWith('x-')).join(', ');
  return { 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed, vary: 'origin' };
}
