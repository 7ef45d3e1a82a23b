import type { Codec } from '../protocol/codec.ts';
import { failureInside, networkFailure } from './classify.ts';
import { UpstreamFailure, type UpstreamAnswer } from './provider.ts';
import type { Framing } from '../protocol/framing.ts';
import { foldSeen } from '../protocol/seen.ts';
import type { CallWatch } from './watch.ts';

/** A stream whose first event is here. */
export interface OpenedStream {
  readonly first: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
}

/** At most this many bytes are held until the first event is whole. */
const MAX_BEFORE_FIRST = 1024 * 1024;

function isJson(data: string): boolean {
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with a first event: an error, for providers that answer 200 and then fail, or bytes that nobody can read. */
function faultOf(data: string, codec: Codec, redact: UpstreamAnswer['redact']): UpstreamFailure | undefined {
  const reader = codec.reader();
  const fold = foldSeen();
  for (const event of reader.read(data)) fold.add(event);
  fold.count(1, reader.malformed, reader.done);
  const { failed } = fold.seen;
  return failed === undefined ? undefined : failureInside(failed, redact);
}

/** Data that tell nothing of an answer: one that ends with them has not begun. */
const NOTHING: ReadonlySet<string | undefined> = new Set([undefined, '', '[DONE]']);

function firstData(records: readonly Uint8Array[], { dataOf }: Framing): string | undefined {
  for (const record of records) {
    const data = dataOf(record);
    if (!NOTHING.has(data)) return data;
  }
  return undefined;
}

/** Reads until an event with data is whole; gives its data, or nothing where it is too large to wait for. */
async function readFirst(
  rest: AsyncIterator<Uint8Array>,
  read: Uint8Array[],
  framing: Framing,
): Promise<string | undefined> {
  const splitter = framing.splitter();
  const begun = () => firstData([splitter.rest() ?? new Uint8Array()], framing);
  let size = 0;
  for (;;) {
    const step = await rest.next();
    if (step.done === true) {
      const data = begun();
      // Some leave the last blank line out; half an event is none.
      if (data !== undefined && isJson(data)) return data;
      throw new UpstreamFailure('sick', 'the stream ended before its first event');
    }
    read.push(step.value);
    size += step.value.length;
    const data = firstData(splitter.push(step.value), framing);
    if (data !== undefined) return data;
    if (size <= MAX_BEFORE_FIRST) continue;
    // No error is as large as this: an event that has begun by then is an answer.
    if (begun() !== undefined) return undefined;
    throw new UpstreamFailure('sick', `no event within the first ${MAX_BEFORE_FIRST} bytes of the stream`);
  }
}

/**
 * Waits for the first whole event of a stream, so that failures before it fall over invisibly; comments do not count.
 * @throws UpstreamFailure when the stream ends before, holds 1 MB without one, or its first event is an error or
 * cannot be read.
 */
export async function firstEvents(
  body: AsyncIterable<Uint8Array>,
  codec: Codec,
  redact?: UpstreamAnswer['redact'],
): Promise<OpenedStream> {
  const rest = body[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  try {
    const data = await readFirst(rest, first, codec.framing);
    const failure = data === undefined ? undefined : faultOf(data, codec, redact);
    if (failure !== undefined) throw failure;
  } catch (error) {
    await rest.return?.();
    throw error;
  }
  return { first, rest };
}

async function* pass({ first, rest }: OpenedStream, watch: CallWatch): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (;;) {
      watch.beat(true);
      const step = await rest.next();
      if (step.done === true) return;
      watch.beat(false);
      yield step.value;
    }
  } catch (error) {
    throw watch.reason() ?? networkFailure(error);
  } finally {
    watch.end();
    await rest.return?.();
  }
}

/** The stream from its first event on; a break is a failure, and returning early ends the upstream call. */
export function resume(opened: OpenedStream, watch: CallWatch): AsyncIterable<Uint8Array> {
  const source = pass(opened, watch);
  let begun = false;
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      begun = true;
      return source.next();
    },
    async return() {
      // A generator that nobody has read from ends without its `finally`.
      if (!begun) {
        watch.end();
        await opened.rest.return?.();
      }
      return source.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
