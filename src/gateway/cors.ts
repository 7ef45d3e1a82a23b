import type { GatewayContext } from './context.ts';

function allowed(context: GatewayContext, request: Request): string | undefined {
  const { origins } = context.engine.snapshot().config.auth;
  if (origins.length === 0) return undefined;
  const origin = request.headers.get('origin');
  return origin !== null && origins.some((listed) => new URL(listed).origin === origin) ? origin : undefined;
}

/** Answers the preflight of a listed origin; any other is left to the guard. */
export function preflight(context: GatewayContext, request: Request): Response | undefined {
  if (request.method !== 'OPTIONS') return undefined;
  const origin = allowed(context, request);
  if (origin === undefined) return undefined;
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-allow-headers': request.headers.get('access-control-request-headers') ?? '*',
      'access-control-max-age': '600',
      vary: 'origin',
    },
  });
}

/** Lets a listed origin read the answer and its `x-signalbox-*` headers. */
export function withCors(context: GatewayContext, request: Request, response: Response): Response {
  const origin = allowed(context, request);
  if (origin === undefined) return response;
  const exposed = [...response.headers.keys()].filter((name) => name.startsWith('x-')).join(', ');
  response.headers.set('access-control-allow-origin', origin);
  response.headers.set('access-control-expose-headers', exposed);
  response.headers.append('vary', 'origin');
  return response;
}
