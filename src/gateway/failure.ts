import { asSignalboxError } from '../errors.ts';
import { codecOf } from '../protocol/registry.ts';
import type { GatewayContext } from './context.ts';

/** The cause of an internal error for the log: never for the caller. */
function reportInternal(context: GatewayContext, cause: unknown, path: string, id: string): void {
  const stack = cause instanceof Error ? cause.stack : String(cause);
  context.engine.runtime.log.error({ request: id, path, stack }, 'a request failed inside');
}

/** An error as the response of the path it happened on: the dialect's envelope, or the management API's. */
export function failure(context: GatewayContext, thrown: unknown, path: string, id: string): Response {
  const error = asSignalboxError(thrown);
  if (error.code === 'internal') reportInternal(context, error.cause ?? error, path, id);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-signalbox-request-id': id,
    'x-signalbox-attempts': '0',
    'x-signalbox-fallback': 'false',
    ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
  };
  const { code, message, param, status } = error;
  if (path.startsWith('/router/')) {
    return Response.json({ error: { code, message, ...(param === undefined ? {} : { param }) } }, { status, headers });
  }
  const body = codecOf('openai-chat').error(error);
  return new Response(new Uint8Array(body), { status, headers });
}
