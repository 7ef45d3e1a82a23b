import type { SignalboxError } from '../../errors.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
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

/** How hosts end an answer that they could not finish: OpenRouter and Mistral, DeepSeek, vLLM. */
const BROKEN: ReadonlySet<unknown> = new Set(['error', 'insufficient_system_resource', 'abort']);

/** An answer that its host ended without an error's words: half of it would look like all of it. */
function brokenInside({ choices }: JsonObject): InsideError | undefined {
  for (const choice of list(choices)) {
    if (!isObject(choice) || !BROKEN.has(choice['finish_reason'])) continue;
    const { finish_reason } = choice;
    return insideError(
      { finish_reason },
      `the answer was given up: finish_reason is ${String(finish_reason)}`,
      undefined,
    );
  }
  return undefined;
}

/** The error that an answer or a chunk holds, for providers that answer 200 and then fail. */
export function errorInside(body: JsonObject): InsideError | undefined {
  const error = body['error'];
  if (error === undefined || error === null) return brokenInside(body);
  const own = isObject(error) ? error : { message: error };
  return insideError(error, text(own['message']), ownStatus(own['code']));
}
