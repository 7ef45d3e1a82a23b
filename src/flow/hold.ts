import type { SignalboxError } from '../errors.ts';
import type { AnswerBody } from './body.ts';
import type { Answer } from './passage.ts';
import { createPulse, PING_MS } from './pulse.ts';

/** An answer, or nothing while it is not here. */
export type Held = Answer | undefined;

/** Waits for an answer as long as its head may be held back; undefined when it is not here by then. */
export async function withinHold(answer: Promise<Answer>): Promise<Held> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), PING_MS)));
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

export interface PromisedBodyOptions {
  readonly answer: Promise<Answer>;
  readonly ping: () => Uint8Array | undefined;
  /** The event that tells of an answer that did not come. */
  readonly failed: (error: SignalboxError) => Promise<Uint8Array>;
}

/** The body of a stream whose head went out before anything of it was here: pings, then the answer. */
export function promisedBody({ answer, ping, failed }: PromisedBodyOptions): AnswerBody {
  /** Nobody will read it: what it holds is given back when it comes. */
  const abandon = async (): Promise<void> => {
    const late = await answer;
    await late.body[Symbol.asyncIterator]().return?.();
  };
  async function* body(): AsyncGenerator<Uint8Array> {
    const first = ping();
    if (first !== undefined) yield first;
    const pulse = createPulse<Answer>();
    let source: AsyncIterator<Uint8Array> | undefined;
    try {
      let given = await pulse.wait(() => answer);
      while (given === 'ping') {
        const bytes = ping();
        if (bytes !== undefined) yield bytes;
        given = await pulse.wait(() => answer);
      }
      pulse.stop();
      if (given.error !== undefined) {
        yield await failed(given.error);
        return;
      }
      source = given.body[Symbol.asyncIterator]();
      for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
    } finally {
      pulse.stop();
      if (source !== undefined) await source.return?.();
      else void abandon();
    }
  }
  const bytes = body();
  let begun = false;
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      begun = true;
      return bytes.next();
    },
    async return() {
      // A generator that nobody has read from ends without its `finally`.
      if (!begun) void abandon();
      return bytes.return(undefined);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}
