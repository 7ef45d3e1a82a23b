import { isObject, number, text, type JsonObject } from '../../protocol/guards.ts';
import { SignalboxError } from '../../errors.ts';
import { classify, failureInside, messageOf, networkFailure, retryAfterOf } from '../classify.ts';
import { UpstreamFailure, type FailureClass } from '../provider.ts';

/** How an error of the AI SDK's is to be read. */
export interface FailureReader {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Takes the provider's keys out of words. */
  readonly redact: (words: string) => string;
}

/** Errors that a package throws before it sends anything, by name. */
const UNSENT: Readonly<Record<string, FailureClass>> = {
  AI_LoadAPIKeyError: 'auth',
  AI_LoadSettingError: 'misconfigured',
  AI_NoSuchModelError: 'misconfigured',
  AI_UnsupportedModelVersionError: 'misconfigured',
  AI_UnsupportedFunctionalityError: 'request',
  AI_InvalidPromptError: 'request',
  AI_InvalidArgumentError: 'request',
  AI_TypeValidationError: 'sick',
};

function headersOf(value: unknown): Record<string, string> {
  const entries = Object.entries(isObject(value) ? value : {});
  return Object.fromEntries(
    entries.flatMap(([name, told]) => (typeof told === 'string' ? [[name.toLowerCase(), told]] : [])),
  );
}

/** The words of the body where it has any that are known, else those of the error. */
function wordsOf(status: number, body: string, message: string): string {
  const told = messageOf(status, body);
  return told === `status ${status}` ? messageOf(status, JSON.stringify({ error: message })) : told;
}

function refused(status: number, error: JsonObject, { now, redact }: FailureReader): UpstreamFailure {
  const message = redact(text(error['message']) ?? '');
  const body = redact(text(error['responseBody']) ?? '');
  const headers = headersOf(error['responseHeaders']);
  const retryAfter = retryAfterOf(headers, now(), body);
  // A body that could not be read has status 200.
  const failure = status >= 200 && status <= 299 ? 'sick' : classify(status, body === '' ? message : body);
  return new UpstreamFailure(failure, wordsOf(status, body, message), {
    status,
    headers,
    cause: error,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}

/** What a package of the AI SDK's threw, or told as an error part of a stream, as a failure. */
export function failureOf(thrown: unknown, reader: FailureReader): UpstreamFailure {
  if (thrown instanceof UpstreamFailure) return thrown;
  if (SignalboxError.is(thrown)) {
    const failure = thrown.status === 400 ? 'request' : 'sick';
    return new UpstreamFailure(failure, thrown.message, { unsent: true, cause: thrown });
  }
  if (!isObject(thrown)) {
    const message = String(thrown);
    return failureInside({ message, status: 500, text: message }, reader.redact);
  }
  const status = number(thrown['statusCode']);
  if (status !== undefined) return refused(status, thrown, reader);
  const known = UNSENT[text(thrown['name']) ?? ''];
  const message = text(thrown['message']) ?? '';
  if (known !== undefined) {
    // Their words may hold what was asked.
    return new UpstreamFailure(known, reader.redact(message).slice(0, 200), {
      unsent: known !== 'sick',
      cause: thrown,
    });
  }
  if (thrown instanceof Error) return networkFailure(thrown);
  return failureInside(
    { message: message === '' ? 'the stream failed' : message, status: 500, text: JSON.stringify(thrown) },
    reader.redact,
  );
}
