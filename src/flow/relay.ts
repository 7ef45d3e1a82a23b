import type { InsideError, Tap } from '../protocol/tap.ts';
import { UpstreamFailure } from '../providers/provider.ts';
import { asFailure, type AnswerBody } from './body.ts';
import { createPulse, type Pulse } from './pulse.ts';

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

/** Who goes on with a leg that broke, and the silence until that is known. */
interface Successor {
  readonly found: Promise<Leg | UpstreamFailure>;
  readonly pulse: Pulse<Leg | UpstreamFailure>;
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

/** Nobody wants the rest any more: an upstream that would go on with it is let go when it answers. */
async function abandon({ found, pulse }: Successor): Promise<void> {
  pulse.stop();
  const leg = await found.catch(asFailure);
  if (!(leg instanceof UpstreamFailure)) await leg.upstream[Symbol.asyncIterator]().return?.();
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
  /** Set while somebody is looked for who goes on with the leg. */
  let successor: Successor | undefined;
  const pulse = createPulse<IteratorResult<Uint8Array>>();

  const close = (): void => {
    over = true;
    pulse.stop();
    if (successor !== undefined) void abandon(successor);
    // Not awaited: a generator in the middle of a read returns only when that read ends, which the caller's signal sees to.
    void source.return?.();
  };
  const giveUp = (failure: UpstreamFailure, before?: Uint8Array): IteratorResult<Uint8Array> => {
    close();
    const last = options.broken(failure, leg);
    return { value: before === undefined ? last : Buffer.concat([before, last]), done: false };
  };
  /** What follows a failure: undefined when somebody is looked for who goes on, and nothing is to be told before. */
  const fail = (failure: UpstreamFailure, before?: Uint8Array): IteratorResult<Uint8Array> | undefined => {
    void source.return?.();
    // The caller has left, or has the whole answer: nothing may follow.
    if (over || leg.tap.seen.done) {
      close();
      return DONE;
    }
    if (failure.failure === 'gone') {
      close();
      options.cancelled(leg);
      return DONE;
    }
    // All had been said: what came after it is nobody's answer.
    if (leg.tap.seen.finishReason !== undefined) return giveUp(failure, before);
    const found = options.takeOver(failure, leg);
    // A caller who reads no more does not wait for it.
    found.catch(() => {});
    successor = { found, pulse: createPulse() };
    return before === undefined ? undefined : { value: before, done: false };
  };
  /** The next leg begins, or there is none; the caller is told that its answer is still being made. */
  const goOn = async ({ found, pulse: patience }: Successor): Promise<IteratorResult<Uint8Array> | undefined> => {
    const next = await patience.wait(() => found).catch(asFailure);
    if (over) return DONE;
    if (next === 'ping') return pinged();
    patience.stop();
    successor = undefined;
    if (next instanceof UpstreamFailure) return giveUp(next);
    leg = next;
    source = leg.upstream[Symbol.asyncIterator]();
    return undefined;
  };
  const pinged = (): IteratorResult<Uint8Array> | undefined => {
    const value = options.ping();
    return value === undefined ? undefined : { value, done: false };
  };
  const failedInside = (inside: InsideError, before: Uint8Array | undefined) => fail(leg.failureOf(inside), before);
  const finish = (): IteratorResult<Uint8Array> | undefined => {
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
    if (successor !== undefined) return goOn(successor);
    try {
      const next = complete(leg.tap) ? await soon(source.next()) : await pulse.wait(() => source.next());
      if (over) return DONE;
      if (next === 'ping') return pinged();
      if (next === undefined || next.done === true) return finish();
      const value = leg.tap.push(next.value);
      if (leg.tap.seen.failed !== undefined) return failedInside(leg.tap.seen.failed, value);
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
          if (given === undefined) continue;
          pulse.said();
          return given;
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
