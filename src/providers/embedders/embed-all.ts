import { SignalboxError, type ErrorCode } from '../../errors.ts';
import type { Embedder } from '../../query/embedder.ts';
import { UpstreamFailure, type FailureClass } from '../provider.ts';
import { isTextFault } from './batched.ts';

/** How {@link embedAll} is watched and ended. */
export interface EmbedAllOptions {
  readonly signal: AbortSignal;
  /** Told after each batch how far it is, 0..1. */
  readonly progress?: (share: number) => void;
  /** Waits before a further try, milliseconds. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<unknown>;
}

/** Texts per call, and calls at once. */
const BATCH = 64;
const CALLS = 4;
/** One call, milliseconds: a model may have to be loaded first. */
const CALL_MS = 120_000;
/** Waits after a failure that may pass, milliseconds. */
const WAITS = [1000, 4000, 16_000] as const;
/** More texts than this may not be refused: a router would learn from too few. */
const MAX_REFUSED = 0.1;

const CODES: Readonly<Partial<Record<FailureClass, ErrorCode>>> = {
  auth: 'provider_auth',
  quota: 'provider_auth',
  silent: 'provider_timeout',
};

function told(embedder: Embedder, error: unknown): SignalboxError {
  const why = error instanceof Error ? error.message : String(error);
  const failure = error instanceof UpstreamFailure ? error : undefined;
  const code = failure?.unsent === true ? 'provider_unreachable' : CODES[failure?.failure ?? 'sick'];
  return new SignalboxError(code ?? 'provider_error', `the embedder ${embedder.name} failed: ${why}`, { cause: error });
}

const later = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new UpstreamFailure('gone', 'stopped'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

/** Whether the same call may work in a moment: a limit, or trouble of an embedder that has worked. */
function mayPass(error: unknown, worked: boolean): boolean {
  if (!(error instanceof UpstreamFailure)) return false;
  return error.failure === 'busy' || (worked && (error.failure === 'sick' || error.failure === 'silent'));
}

/**
 * One vector per text, in order, for work that has time: in batches, with further tries after a limit. Undefined for a text
 * that is empty or that the embedder refuses for what it says.
 * @throws SignalboxError `provider_unreachable`, `provider_auth`, `provider_timeout` or `provider_error` when it fails, or
 * refuses more than a tenth of the texts.
 */
export async function embedAll(
  embedder: Embedder,
  texts: readonly string[],
  { signal, progress, wait = later }: EmbedAllOptions,
): Promise<(Float32Array | undefined)[]> {
  const vectors: (Float32Array | undefined)[] = texts.map(() => undefined);
  const places = Array.from(texts.keys()).filter((i) => texts[i]?.trim() !== '');
  let next = 0;
  let done = 0;
  let refused = 0;

  /** What the text is refused for, if it is. */
  const one = async (i: number, call: AbortSignal): Promise<Error | undefined> => {
    try {
      [vectors[i]] = await embedder.embed([texts[i] ?? ''], call);
      return undefined;
    } catch (error) {
      if (error instanceof Error && isTextFault(error)) return error;
      throw error;
    }
  };
  const batch = async (mine: readonly number[]): Promise<void> => {
    for (const ms of [...WAITS, undefined]) {
      signal.throwIfAborted();
      const call = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
      const results = await Promise.allSettled(mine.map((i) => one(i, call)));
      const failed = results.find((result) => result.status === 'rejected');
      if (failed === undefined) {
        const faults = results.flatMap((result) => (result.status === 'fulfilled' ? (result.value ?? []) : []));
        refused += faults.length;
        // A whole batch: it is not the texts.
        if (faults.length === BATCH || refused > MAX_REFUSED * places.length) throw faults[0];
        return;
      }
      if (signal.aborted || ms === undefined || !mayPass(failed.reason, done > 0)) throw failed.reason;
      await wait(ms, signal);
    }
  };
  const work = async (): Promise<void> => {
    while (next < places.length) {
      const mine = places.slice(next, next + BATCH);
      next += BATCH;
      await batch(mine);
      done += mine.length;
      progress?.(done / places.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: CALLS }, work));
  } catch (error) {
    next = places.length;
    throw told(embedder, error);
  }
  return vectors;
}
