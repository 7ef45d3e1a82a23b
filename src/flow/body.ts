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

/** What is done when a body ends, one of them and once, before its reader is told. */
export interface BodyEnds {
  /** All of it was read. */
  ended(): void | Promise<void>;
  broke(error: unknown): void;
  /** Its reader has left; nobody may have read from it. */
  left(): void;
}

/** The same bytes; how they end is known before the last of them. */
export function endingBody(body: AsyncIterable<Uint8Array>, ends: BodyEnds): AnswerBody {
  const source = body[Symbol.asyncIterator]();
  let open = true;
  const close = (): boolean => open && !(open = false);
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      try {
        const step = await source.next();
        if (step.done === true && close()) await ends.ended();
        return step;
      } catch (error) {
        if (close()) ends.broke(error);
        throw error;
      }
    },
    async return() {
      if (close()) ends.left();
      await source.return?.();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Whatever a body threw, as a failure. */
export function asFailure(error: unknown): UpstreamFailure {
  return error instanceof UpstreamFailure ? error : new UpstreamFailure('sick', 'the stream broke', { cause: error });
}
