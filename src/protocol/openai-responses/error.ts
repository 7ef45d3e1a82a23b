import type { SignalboxError } from '../../errors.ts';
import type { ChatEvent } from '../chat.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { insideError, ownStatus } from '../inside-error.ts';
import { openaiError } from '../openai-chat/error.ts';
import type { Position } from '../tap.ts';

/** Statuses of the codes and types of errors inside an answer, which say nothing else of it. */
const STATUS: ReadonlyMap<string, number> = new Map([
  ['rate_limit_exceeded', 429],
  ['rate_limit_error', 429],
  ['insufficient_quota', 429],
  ['too_many_requests', 429],
  ['server_error', 500],
  ['api_error', 500],
  ['server_is_overloaded', 503],
  ['slow_down', 503],
  ['service_unavailable_error', 503],
  ['vector_store_timeout', 504],
  ['context_length_exceeded', 400],
  ['failed_to_download_image', 400],
  ['invalid_prompt', 400],
  ['invalid_request_error', 400],
  ['data_residency_mismatch', 400],
  ['bio_policy', 400],
  ['invalid_api_key', 401],
  ['authentication_error', 401],
  ['permission_error', 403],
  ['model_not_found', 404],
  ['not_found_error', 404],
]);

/** Codes of faults in what the caller sent. */
const OF_IMAGES = /^(?:invalid|unsupported|empty)_.*image|^image_/;

function statusOf(error: JsonObject): number {
  const own = ownStatus(error['code'] ?? error['status']);
  if (own !== undefined) return own;
  const code = text(error['code']) ?? '';
  if (OF_IMAGES.test(code)) return 400;
  return STATUS.get(code) ?? STATUS.get(text(error['type']) ?? '') ?? 500;
}

function eventOf(error: JsonObject, fallback?: string): ChatEvent {
  return { type: 'error', ...insideError(error, text(error['message']) ?? fallback, statusOf(error)) };
}

/** The error of a whole answer or of a response inside an event; undefined for one that did not fail. */
export function failureOf(response: JsonObject): ChatEvent | undefined {
  const { error, status } = response;
  if (error !== undefined && error !== null) return eventOf(isObject(error) ? error : { message: error });
  if (status === 'failed') return eventOf({}, 'the response failed');
  return status === 'cancelled' ? eventOf({}, 'the response was cancelled') : undefined;
}

/** An `error` event: its fields are documented flat, and come inside `error` nevertheless. */
export function errorEventOf(event: JsonObject): ChatEvent {
  const { error } = event;
  if (isObject(error)) return eventOf(error);
  const { type: _type, sequence_number: _number, ...fields } = event;
  return eventOf(fields);
}

/** What an error event tells of an error. */
export interface ToldError {
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
  readonly param: string | null;
}

/** The fields of an `error` event in both forms: the clients that look for one miss the other. */
export function errorFields(error: ToldError): object {
  const { code, message, param } = error;
  return { code, message, param, error };
}

/** An error after the status was sent: the last event of a stream. */
export function openaiResponsesErrorEvent(error: SignalboxError, routing?: unknown, position?: Position): Uint8Array {
  const event = {
    type: 'error',
    sequence_number: position?.sequence ?? 0,
    ...errorFields(openaiError(error).error),
    ...(routing === undefined ? {} : { routing }),
  };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(event)}\n\n`);
}

/** An error's code inside a response, of those that OpenAI has. */
export function codeOf(status: number): string {
  if (status === 429) return 'rate_limit_exceeded';
  return status >= 400 && status < 499 ? 'invalid_prompt' : 'server_error';
}
