/**
 * Every failure a caller can meet, in one table. Each dialect renders it in its own envelope and
 * `docs/reference/errors.md` is generated from it.
 */
export const ERRORS = {
  invalid_request: { status: 400, retryable: false, message: 'The request is not valid.' },
  invalid_json: { status: 400, retryable: false, message: 'The body is not valid JSON.' },
  body_too_large: { status: 413, retryable: false, message: 'The body is larger than server.maxBody allows.' },
  unsupported_media_type: { status: 415, retryable: false, message: 'This path takes JSON only.' },
  unauthorized: { status: 401, retryable: false, message: 'A valid Signalbox key is needed.' },
  keys_unavailable: { status: 503, retryable: true, message: 'Stored keys cannot be read now.' },
  too_many_logins: { status: 429, retryable: true, message: 'Too many logins failed from this address.' },
  rate_limited: { status: 429, retryable: true, message: 'This key has reached one of its limits.' },
  budget_exceeded: { status: 429, retryable: false, message: 'The budget is spent.' },
  forbidden: { status: 403, retryable: false, message: 'This key or role does not allow it.' },
  forbidden_host: { status: 403, retryable: false, message: 'The Host header does not name this gateway.' },
  forbidden_origin: { status: 403, retryable: false, message: 'Requests from another site are refused.' },
  not_found: { status: 404, retryable: false, message: 'There is nothing at this path.' },
  method_not_allowed: { status: 405, retryable: false, message: 'This path does not take this method.' },
  model_not_found: { status: 404, retryable: false, message: 'No configured model has this name.' },
  price_unknown: { status: 403, retryable: false, message: 'Nobody knows the price of this model.' },
  role_not_found: { status: 404, retryable: false, message: 'No configured role has this name.' },
  key_not_found: { status: 404, retryable: false, message: 'No key has this name.' },
  key_conflict: { status: 409, retryable: false, message: 'This cannot be done to a key of this name.' },
  decision_not_found: { status: 404, retryable: false, message: 'No decision has this id.' },
  no_candidate: { status: 400, retryable: false, message: 'No configured model can serve this request.' },
  context_length_exceeded: {
    status: 400,
    retryable: false,
    message: 'The request is larger than every context window.',
  },
  not_in_effect: { status: 501, retryable: false, message: 'This version does not do that yet.' },
  provider_auth: { status: 502, retryable: false, message: 'The provider refused its key.' },
  provider_busy: { status: 429, retryable: true, message: 'The provider has reached its rate limit.' },
  provider_error: { status: 502, retryable: true, message: 'The provider failed.' },
  provider_unreachable: { status: 502, retryable: true, message: 'The provider cannot be reached.' },
  provider_timeout: { status: 504, retryable: true, message: 'The provider did not answer in time.' },
  all_unavailable: { status: 503, retryable: true, message: 'No upstream could answer.' },
  draining: { status: 503, retryable: true, message: 'The gateway is shutting down.' },
  client_closed: { status: 499, retryable: false, message: 'The client closed the connection.' },
  config_invalid: { status: 500, retryable: false, message: 'The configuration is not valid.' },
  storage_unavailable: { status: 503, retryable: true, message: 'The ledger cannot be opened.' },
  dataset_invalid: { status: 400, retryable: false, message: 'The routing dataset is not valid.' },
  artifact_invalid: { status: 500, retryable: false, message: 'The artifact cannot be loaded.' },
  port_in_use: { status: 500, retryable: false, message: 'The port is taken.' },
  internal: { status: 500, retryable: false, message: 'Something inside Signalbox failed.' },
} as const satisfies Record<string, ErrorRow>;

/** A row of the error table: the HTTP status, whether a client may send the same request again, and what it means. */
export interface ErrorRow {
  readonly status: number;
  readonly retryable: boolean;
  readonly message: string;
}

/** A stable error code: a key of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS;

const MARKER = Symbol.for('signalbox.error');

/** What an error may carry beside its code and message. */
export interface ErrorDetails {
  /** The request field at fault, in OpenAI's `param`. */
  readonly param?: string;
  /** Whole seconds after which the same request may succeed. */
  readonly retryAfter?: number;
  /** The methods that the path takes. */
  readonly allow?: readonly string[];
  readonly cause?: unknown;
}

/** The one error class: a code of {@link ERRORS}, a message that says what, where and what to do. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly [MARKER] = true;
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly param: string | undefined;
  readonly retryAfter: number | undefined;
  readonly allow: readonly string[] | undefined;

  constructor(code: ErrorCode, message: string = ERRORS[code].message, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.retryable = ERRORS[code].retryable;
    this.param = details.param;
    this.retryAfter = details.retryAfter;
    this.allow = details.allow;
  }

  /** Recognises the error across copies of this package. */
  static is(value: unknown): value is SignalboxError {
    return typeof value === 'object' && value !== null && MARKER in value;
  }
}

/** Any thrown value as a {@link SignalboxError}; what is not one becomes `internal` and keeps its cause. */
export function asSignalboxError(value: unknown): SignalboxError {
  return SignalboxError.is(value) ? value : new SignalboxError('internal', undefined, { cause: value });
}
