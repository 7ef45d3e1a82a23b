import type { InsideError, Tap } from '../protocol/tap.ts';
import { UpstreamFailure } from '../providers/provider.ts';

/** The bytes of an answer. `whole` is set when all of them are known. */
export interface AnswerBody extends AsyncIterable<Uint8Array> {
  readonly whole?: Uint8Array;
}

/** A body that is known as a whole. */
export function wholeBody(whole: Uint8Array): AnswerBody {
  return {
    whole,
    async *[Symbol.asyncIterator]() {
      yield whole;
    },
  };
}

/** How long an upstream may keep a complete answer open, milliseconds: most close it at once, and the connection is kept. */
const GRACE_MS = 1000;

/** The next step of a source whose answer is complete; undefined when it does not end by itself. */
async function soon(source: AsyncIterator<Uint8Array>): Promise<IteratorResult<Uint8Array> | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), GRACE_MS)));
  const next = source.next();
  // When the time is over nobody waits for it any more.
  next.catch(() => {});
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface StreamBodyOptions {
  readonly upstream: AsyncIterable<Uint8Array>;
  readonly tap: Tap;
  /** The stream broke: settles and gives the last bytes, which tell the caller; `told` is the provider's own word of it. */
  readonly broken: (failure: UpstreamFailure, told?: Uint8Array) => Uint8Array;
  /** What an error inside the stream means. */
  readonly failureOf: (inside: InsideError) => UpstreamFailure;
  /** The caller does not want the rest: settles. The tap's trailer settles what ends well. */
  readonly cancelled: () => void;
}

/** Whatever a body threw, as a failure. */
export function asFailure(error: unknown): UpstreamFailure {
  return error instanceof UpstreamFailure ? error : new UpstreamFailure('sick', 'the stream broke', { cause: error });
}

/**
 * An upstream's bytes through the tap to the caller. A stream that breaks, or ends without a finish reason, ends in
 * the dialect's error event, so that a cut answer never looks complete.
 */
export function streamBody(options: StreamBodyOptions): AnswerBody {
  const { tap } = options;
  let over = false;
  const source = options.upstream[Symbol.asyncIterator]();
  const done: IteratorResult<Uint8Array> = { value: undefined, done: true };

  const fail = (failure: UpstreamFailure, told?: Uint8Array): IteratorResult<Uint8Array> => {
    // The caller has left, or has the whole answer: nothing may follow.
    const late = over || tap.seen.done;
    over = true;
    if (late) return done;
    if (failure.failure === 'gone') {
      options.cancelled();
      return done;
    }
    return { value: options.broken(failure, told), done: false };
  };
  /** The provider says inside its stream that it failed. */
  const failedInside = (inside: InsideError, before: Uint8Array | undefined): IteratorResult<Uint8Array> => {
    void source.return?.();
    const step = fail(options.failureOf(inside), tap.withheld);
    return before === undefined || step.done === true
      ? step
      : { value: Buffer.concat([before, step.value]), done: false };
  };
  const finish = (): IteratorResult<Uint8Array> => {
    // Its last event may have come without the blank line after it.
    const tail = tap.end();
    if (tap.seen.failed !== undefined) return failedInside(tap.seen.failed, tail);
    if (!tap.seen.done && tap.seen.finishReason === undefined) {
      return fail(new UpstreamFailure('sick', 'the stream ended before the answer was finished'));
    }
    over = true;
    return tail === undefined ? done : { value: tail, done: false };
  };

  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          if (over) return done;
          let bytes: Uint8Array | undefined;
          try {
            const step = tap.seen.done ? await soon(source) : await source.next();
            if (over) return done;
            if (step === undefined) void source.return?.();
            if (step === undefined || step.done === true) return finish();
            bytes = tap.push(step.value);
            if (tap.seen.failed !== undefined) return failedInside(tap.seen.failed, bytes);
          } catch (error) {
            void source.return?.();
            return fail(asFailure(error));
          }
          if (bytes !== undefined) return { value: bytes, done: false };
        }
      },
      async return() {
        if (!over) {
          over = true;
          options.cancelled();
          // Not awaited: a generator in the middle of a read returns only when that read ends, which the caller's signal sees to.
          void source.return?.();
        }
        return done;
      },
    }),
  };
}
