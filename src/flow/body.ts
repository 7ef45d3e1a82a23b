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

/** Whatever a body threw, as a failure. */
export function asFailure(error: unknown): UpstreamFailure {
  return error instanceof UpstreamFailure ? error : new UpstreamFailure('sick', 'the stream broke', { cause: error });
}
