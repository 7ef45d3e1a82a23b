import { asSignalboxError, SignalboxError } from '../errors.ts';

/** How the AI SDK recognises its errors, across copies and without its classes. */
const MARKS = ['vercel.ai.error', 'vercel.ai.error.AI_APICallError'].map((name) => Symbol.for(name));

/**
 * A failure as the AI SDK's `APICallError`: `statusCode` and `isRetryable` are those of the error table, `data` holds
 * the code, `cause` the {@link SignalboxError}. What the caller's own signal ended fails with that signal's reason.
 */
export function aiSdkError(thrown: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true && SignalboxError.is(thrown) && thrown.code === 'client_closed') return signal.reason;
  const error = asSignalboxError(thrown);
  const { code, message, status, retryable, param, retryAfter } = error;
  return Object.assign(new Error(message, { cause: error }), {
    ...Object.fromEntries(MARKS.map((mark) => [mark, true])),
    name: 'AI_APICallError',
    url: 'signalbox:chat',
    requestBodyValues: {},
    statusCode: status,
    isRetryable: retryable,
    responseHeaders: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) },
    data: { code, param: param ?? null },
  });
}
