import { asSignalboxError } from '../errors.ts';
import { codecOf } from '../protocol/registry.ts';
import type { GatewayContext } from './context.ts';
import { jsonReply, type Reply } from './reply.ts';

/** The cause of an internal error for the log: never for the caller. */
function reportInternal(context: GatewayContext, cause: unknown, path: string, id: string): void {
  const stack = cause instanceof Error ? cause.stack : String(cause);
  context.engine.runtime.log.error({ request: id, path, stack }, 'a request failed inside');
}

/** An error as the reply of the path it happened on: the dialect's envelope, or the management API's. */
export function failure(
  context: GatewayContext,
  thrown: unknown,
  { path, id }: { readonly path: string; readonly id: string },
): Reply {
  const error = asSignalboxError(thrown);
  if (error.code === 'internal') reportInternal(context, error.cause ?? error, path, id);
  const headers = {
    'x-signalbox-request-id': id,
    'x-signalbox-attempts': '0',
    'x-signalbox-fallback': 'false',
    ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
  };
  const { code, message, param, status } = error;
  if (path.startsWith('/router/')) {
    return jsonReply(status, headers, { error: { code, message, ...(param === undefined ? {} : { param }) } });
  }
  return jsonReply(status, headers, codecOf('openai-chat').error(error));
}
