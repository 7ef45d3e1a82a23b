import { isObject } from '../protocol/guards.ts';
import { errorInside } from '../protocol/openai-error.ts';
import { failureInside, networkFailure } from './classify.ts';
import { UpstreamFailure } from './provider.ts';
import type { CallWatch } from './watch.ts';

/** A stream whose first event is here. */
export interface OpenedStream {
  readonly first: readonly Uint8Array[];
  readonly rest: AsyncIterator<Uint8Array>;
}

/** The error that a first event holds, for providers that answer 200 and then fail. */
function inBandError(event: string): UpstreamFailure | undefined {
  const line = /^data: ?(\{.*)$/m.exec(event)?.[1];
  if (line === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(line);
    const error = isObject(parsed) ? errorInside(parsed) : undefined;
    return error === undefined ? undefined : failureInside(error);
  } catch {
    return undefined;
  }
}

/**
 * Waits for the first data of a stream, so that failures before it fall over invisibly; comments do not count.
 * @throws UpstreamFailure when the stream ends before, or its first event is an error.
 */
export async function firstEvents(body: AsyncIterable<Uint8Array>): Promise<OpenedStream> {
  const rest = body[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  for (;;) {
    const step = await rest.next();
    if (step.done === true) throw new UpstreamFailure('sick', 'the stream ended before its first event');
    first.push(step.value);
    const text = Buffer.concat(first).toString('utf8');
    if (!text.includes('data:')) continue;
    const failure = text.includes('"error"') ? inBandError(text) : undefined;
    if (failure === undefined) return { first, rest };
    await rest.return?.();
    throw failure;
  }
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
