import type { SignalboxError } from '../../errors.ts';
import type { ChatEvent } from '../chat.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { insideError, ownStatus } from '../inside-error.ts';

/** Anthropic's error types and the statuses that they come with. */
const TYPES: readonly (readonly [number, string])[] = [
  [400, 'invalid_request_error'],
  [401, 'authentication_error'],
  [402, 'billing_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [409, 'conflict_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [500, 'api_error'],
  [504, 'timeout_error'],
  [529, 'overloaded_error'],
];
const STATUS = new Map(TYPES.map(([status, type]) => [type, status]));
const TYPE = new Map(TYPES);

/** Anthropic's name of a kind of error. */
export function typeOf(status: number): string {
  if (status === 503) return 'overloaded_error';
  return TYPE.get(status) ?? (status >= 500 || status === 499 ? 'api_error' : 'invalid_request_error');
}

/** An error in Anthropic's envelope; `details` hold what clients may branch on. */
export function anthropicError({ status, message, code, param }: SignalboxError, requestId?: string) {
  const details = { error_code: code, ...(param === undefined ? {} : { param }) };
  const error = { type: typeOf(status), message, details };
  return { type: 'error', error, ...(requestId === undefined ? {} : { request_id: requestId }) };
}

/** The status of an error: by its type, or its own code where that is one. */
function statusOf(error: JsonObject): number | undefined {
  return STATUS.get(text(error['type']) ?? '') ?? ownStatus(error['code']);
}

/** The error event of a body or an event that holds one. */
export function errorEventOf(body: JsonObject): ChatEvent | undefined {
  const error = body['error'] ?? undefined;
  if (body['type'] !== 'error' && error === undefined) return undefined;
  const own = isObject(error) ? error : { message: error };
  return { type: 'error', ...insideError(error ?? {}, text(own['message']), statusOf(own)) };
}
