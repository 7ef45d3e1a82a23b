import { asSignalboxError, type ErrorCode, type SignalboxError } from '../errors.ts';
import { stackOf } from '../flow/quotes.ts';
import { codecOf } from '../protocol/registry.ts';
import type { GatewayContext } from './context.ts';
import { dialectOfPath } from './dialects.ts';
import type { Ingress } from './ingress.ts';
import { jsonReply, type Reply } from './reply.ts';

/** The cause of an internal error for the log: never for the caller. */
function reportInternal(context: GatewayContext, cause: unknown, path: string, id: string): void {
  context.engine.runtime.log.error({ request: id, path, stack: stackOf(cause) }, 'a request failed inside');
}

/** Where and when an error happened. */
type Place = Pick<Ingress, 'path' | 'id' | 'started'> & Partial<Pick<Ingress, 'waited'>>;

/** Errors that a client which tries again by itself, within seconds, meets again. */
const FOUND_BY_TRYING: ReadonlySet<ErrorCode> = new Set(['all_unavailable', 'budget_exceeded']);

/** What is true of every request that failed before a decision was made. */
function headersOf(context: GatewayContext, error: SignalboxError, { id, started, waited = 0 }: Place) {
  const overhead = Math.max(0, context.engine.runtime.clock.elapsed() - started - waited);
  return {
    'x-signalbox-request-id': id,
    'x-signalbox-attempts': '0',
    'x-signalbox-fallback': 'false',
    'x-signalbox-session': 'none',
    'x-signalbox-overhead-ms': overhead.toFixed(3),
    ...(error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) }),
    ...(error.allow === undefined ? {} : { allow: error.allow.join(', ') }),
    ...(FOUND_BY_TRYING.has(error.code) ? { 'x-should-retry': 'false' } : {}),
  };
}

/** An error as the reply of the path it happened on: the dialect's envelope, or the management API's. */
export function failure(context: GatewayContext, thrown: unknown, place: Place): Reply {
  const { path, id } = place;
  const error = asSignalboxError(thrown);
  context.engine.runtime.metrics.refused(error.code);
  if (error.code === 'internal') reportInternal(context, error.cause ?? error, path, id);
  const headers = headersOf(context, error, place);
  const { code, message, param, status } = error;
  if (path.startsWith('/router/')) {
    return jsonReply(status, headers, { error: { code, message, ...(param === undefined ? {} : { param }) } });
  }
  return jsonReply(status, headers, codecOf(dialectOfPath(path)).error(error, id));
}
