import { isObject, text } from '../protocol/guards.ts';
import type { InsideError } from '../protocol/tap.ts';
import { goDuration } from './go-duration.ts';
import { ACCOUNT, AUTH, CONTEXT, FILTER, isQuota, LOADED, NO_CREDIT, NO_MODEL, QUOTA } from './phrases.ts';
import { UpstreamFailure, type FailureClass, type UpstreamAnswer } from './provider.ts';

/** At most this many bytes of an error body are kept. */
export const MAX_ERROR_BYTES = 64 * 1024;

/** At most this many bytes of an answer are held in memory; a stream has no limit. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** An answer that is longer than anything a model says. */
export function tooLong(status: number): UpstreamFailure {
  return new UpstreamFailure('sick', `the answer is longer than ${MAX_ANSWER_BYTES} bytes`, { status });
}

/** What only the words tell; undefined when they do not. */
function wordsOf(body: string): FailureClass | undefined {
  if (AUTH.test(body)) return 'auth';
  if (NO_CREDIT.test(body)) return 'quota';
  if (CONTEXT.test(body)) return 'context';
  return FILTER.test(body) ? 'filter' : undefined;
}

/** What a status and an error body mean; codes alone do not decide. */
export function classify(status: number, body: string): FailureClass {
  if (status === 429) return isQuota(body) ? 'quota' : 'busy';
  if (status === 529) return 'busy';
  if (status === 402) return 'quota';
  // Callers may name their account in a header: then the key is as good as before.
  if (status === 401) return ACCOUNT.test(body) ? 'request' : 'auth';
  if (status === 403) return FILTER.test(body) ? 'filter' : QUOTA.test(body) ? 'quota' : 'auth';
  if (status === 408 || status === 504) return 'silent';
  if (status === 413) return 'context';
  if (status >= 500) return wordsOf(body) ?? (LOADED.test(body) ? 'busy' : 'sick');
  if (status >= 300 && status < 400) return 'misconfigured';
  if (status === 404 || status === 405 || status === 410) return AUTH.test(body) ? 'auth' : 'misconfigured';
  return wordsOf(body) ?? (NO_MODEL.test(body) ? 'misconfigured' : 'request');
}

/** Authentication errors echo parts of the key. */
function mayShowKey(status: number, body: string): boolean {
  return status === 401 || status === 403 || AUTH.test(body);
}

/** An error with status 200 as a failure; `redact` takes the provider's keys out of its words. */
export function failureInside(
  { message, status, text }: InsideError,
  redact: UpstreamAnswer['redact'] = (words) => words,
): UpstreamFailure {
  const words = mayShowKey(status, text) ? `status ${status}` : redact(message).slice(0, 200);
  return new UpstreamFailure(classify(status, text), `an error with status 200: ${words}`, { status });
}

/** Google's own field, a sentence of OpenAI and Groq, and Hugging Face's guess at how long a model still loads. */
const TOLD_WAIT =
  /"retryDelay"\s*:\s*"([^"]{1,20})"|(?:try again|retry) in ([\d.]+[\dhmsµun.]*s)\b|"estimated_time"\s*:\s*([\d.]+)/i;

/** The wait that an error body names, milliseconds. */
function toldWait(body: string): number | undefined {
  const [, field, sentence, seconds] = TOLD_WAIT.exec(body) ?? [];
  const ms = seconds === undefined ? goDuration(field ?? sentence ?? '') : Number(seconds) * 1000;
  return ms === undefined || Number.isNaN(ms) ? undefined : ms;
}

/**
 * Milliseconds of `retry-after-ms` or `retry-after` (whole seconds or an HTTP date), else what the error body says;
 * undefined when it makes no sense.
 */
export function retryAfterOf(
  headers: Readonly<Record<string, string>>,
  now: number,
  body: string = '',
): number | undefined {
  const ms = Number(headers['retry-after-ms'] ?? Number.NaN);
  if (ms >= 0) return ms;
  const after = headers['retry-after'];
  if (after === undefined) return body === '' ? undefined : toldWait(body);
  const seconds = Number(after);
  if (seconds >= 0) return seconds * 1000;
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** What an error body says: hosts put it under several names, and proxies say it as it is, or as a page. */
function toldIn(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    if (!isObject(parsed)) return undefined;
    const { error, message, detail } = parsed;
    return [isObject(error) ? error['message'] : error, message, detail].map(text).find((words) => words !== undefined);
  } catch {
    return /^\s*[<{]/.test(body) ? undefined : body.trim();
  }
}

/** The provider's own message in one line, without what may hold parts of a key. */
export function messageOf(status: number, body: string): string {
  const told = toldIn(body) ?? '';
  const words = told === '' ? '' : `: ${told.replaceAll(/\s+/g, ' ').slice(0, 200)}`;
  return mayShowKey(status, body) ? `status ${status}` : `status ${status}${words}`;
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : '';
}

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name cannot be resolved now',
  EPIPE: 'connection closed while sending',
  UND_ERR_SOCKET: 'connection closed by the provider',
  UND_ERR_CONNECT_TIMEOUT: 'no connection within timeouts.connect',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer was cut',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
};

/** Errors of a connection that was never made, TLS included: the provider has seen no request. */
const UNCONNECTED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|\w*CERT\w*|UNABLE_TO_\w+)$/;

/** A thrown network error as a failure. */
export function networkFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = codeOf(error) || codeOf(error instanceof Error ? error.cause : undefined);
  const failure: FailureClass = code === 'UND_ERR_CONNECT_TIMEOUT' ? 'silent' : 'sick';
  return new UpstreamFailure(
    failure,
    NETWORK[code] ?? (code === '' ? 'the connection failed' : `the connection failed (${code})`),
    { cause: error, unsent: UNCONNECTED.test(code) },
  );
}
