import type { SignalboxError } from '../../errors.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { insideError, ownStatus } from '../inside-error.ts';
import type { InsideError } from '../tap.ts';

function typeOf(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 || status === 499 ? 'api_error' : 'invalid_request_error';
}

/** An error in OpenAI's envelope. */
export function openaiError(error: SignalboxError) {
  return {
    error: { message: error.message, type: typeOf(error.status), param: error.param ?? null, code: error.code },
  };
}

/** The error that an answer or a chunk holds, for providers that answer 200 and then fail. */
export function errorInside(body: JsonObject): InsideError | undefined {
  const error = body['error'];
  if (error === undefined || error === null) return undefined;
  const own = isObject(error) ? error : { message: error };
  return insideError(error, text(own['message']), ownStatus(own['code']));
}
