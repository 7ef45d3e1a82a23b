import type { InsideError, Tap } from '../protocol/tap.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { asFailure, type AnswerBody } from './body.ts';
import { createPulse } from './pulse.ts';

/** One upstream's part of a streamed answer. */
export interface Leg {
  readonly upstream: AsyncIterable<Uint8Array>;
  readonly tap: Tap;
  /** What an error inside the stream means. */
  readonly failureOf: (inside: InsideError) => UpstreamFailure;
}

export interface RelayOptions {
  readonly first: Leg;
  /** The leg broke: books it, and gives another that goes on where it ended, or why there is none. */
  readonly takeOver: (failure: UpstreamFailure, leg: Leg) => Promise<Leg | UpstreamFailure>;
  /** Nobody goes on with the leg: books it, settles and gives the last bytes, which tell the caller. */
  readonly broken: (failure: UpstreamFailure, leg: Leg) => Uint8Array;
  /** The caller does not want the rest: settles. The tap's trailer settles what ends well. */
  readonly cancelled: (leg: Leg) => void;
  /** Says to the caller that the answer is still being made. */
  readonly ping: () => Uint8Array | undefined;
}

/** How long an upstream may keep a complete answer open, milliseconds: most close it at once, and the connection is kept. */
const GRACE_MS = 1000;

const DONE: IteratorResult<Uint8Array> = { value: undefined, done: true };

/** The next step of a source whose answer is complete; undefined when it does not end by itself. */
async function soon(next: Promise<IteratorResult<Uint8Array>>): Promise<IteratorResult<Uint8Array> | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), GRACE_MS)));
  // When the time is over nobody waits for it any more.
  next.catch(() => {});
  try {
    return await Promise.race([next, late]);
  } finally {
    clearTimeout(timer);
  }
}

const complete = ({ seen }: Tap): boolean => seen.done || seen.finishReason !== undefined;

/**
 * An upstream's bytes through the tap to the caller, and the next upstream's where one breaks off. A stream that nobody
 * goes on with ends in the dialect's error event, so that a cut answer never looks complete.
 */
export function relay(options: RelayOptions): AnswerBody {
  let leg = options.first;
  let source = leg.upstream[Symbol.asyncIterator]();
  let over = false;
  const pulse = createPulse<IteratorResult<Uint8Array>>();

  const close = (): void => {
    over = true;
    pulse.stop();
    // Not awaited: a generator in the middle of a read returns only when that read ends, which the caller's signal sees to.
    void source.return?.();
  };
  /** What follows a failure: undefined when another leg goes on, after `before`. */
  const fail = async (
    failure: UpstreamFailure,
    before?: Uint8Array,
  ): Promise<IteratorResult<Uint8Array> | undefined> => {
    const failed = leg;
    void source.return?.();
    // The caller has left, or has the whole answer: nothing may follow.
    if (over || failed.tap.seen.done) {
      close();
      return DONE;
    }
    if (failure.failure === 'gone') {
      close();
      options.cancelled(failed);
      return DONE;
    }
    // All had been said: what came after it is nobody's answer.
    const next = failed.tap.seen.finishReason === undefined ? await options.takeOver(failure, failed) : failure;
    if (next instanceof UpstreamFailure) {
      if (over) return DONE;
      close();
      const last = options.broken(next, failed);
      return { value: before === undefined ? last : Buffer.concat([before, last]), done: false };
    }
    leg = next;
    source = leg.upstream[Symbol.asyncIterator]();
    if (over) void source.return?.();
    return before === undefined ? undefined : { value: before, done: false };
  };
  const failedInside = (inside: InsideError, before: Uint8Array | undefined) => fail(leg.failureOf(inside), before);
  const finish = async (): Promise<IteratorResult<Uint8Array> | undefined> => {
    // Its last event may have come without the blank line after it.
    const tail = leg.tap.end();
    if (leg.tap.seen.failed !== undefined) return failedInside(leg.tap.seen.failed, tail);
    if (!complete(leg.tap)) {
      return fail(new UpstreamFailure('sick', 'the stream ended before the answer was finished'), tail);
    }
    close();
    return tail === undefined ? DONE : { value: tail, done: false };
  };
  /** The next bytes for the caller; undefined when there are none yet. */
  const step = async (): Promise<IteratorResult<Uint8Array> | undefined> => {
    try {
      const next = complete(leg.tap) ? await soon(source.next()) : await pulse.wait(() => source.next());
      if (over) return DONE;
      if (next === 'ping') {
        const value = options.ping();
        return value === undefined ? undefined : { value, done: false };
      }
      if (next === undefined || next.done === true) return await finish();
      const value = leg.tap.push(next.value);
      if (leg.tap.seen.failed !== undefined) return await failedInside(leg.tap.seen.failed, value);
      return value === undefined ? undefined : { value, done: false };
    } catch (error) {
      pulse.forget();
      // The provider left its connection open, or broke it off, after all had been said.
      return complete(leg.tap) && leg.tap.seen.failed === undefined ? finish() : fail(asFailure(error));
    }
  };

  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          if (over) return DONE;
          const given = await step();
          if (given !== undefined) return given;
        }
      },
      async return() {
        if (!over) {
          close();
          options.cancelled(leg);
        }
        return DONE;
      },
    }),
  };
}
