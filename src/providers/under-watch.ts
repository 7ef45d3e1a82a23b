import { networkFailure } from './classify.ts';
import { UpstreamFailure, type CallerSignal, type Limits } from './provider.ts';
import { watchCall, type CallWatch } from './watch.ts';

/** When a call fails by itself, and what is said of it then. */
export interface CallLimit {
  /** Milliseconds. */
  readonly ms: number;
  readonly message: string;
}

/** How long the first token of a stream, or a whole answer, may take. */
export function firstTokenLimit({ firstToken, total }: Limits, stream: boolean): CallLimit {
  const message = stream ? 'no first token within its limit' : 'no answer within timeouts.total';
  return { ms: Math.min(firstToken, total), message };
}

export interface WatchedCall {
  /** Aborts when the client leaves. */
  readonly signal: CallerSignal;
  readonly elapsed: () => number;
  readonly limit: CallLimit;
  /** What a thrown error means; left out: a failure of the network. */
  readonly failureOf?: (error: unknown) => UpstreamFailure;
}

/**
 * Makes one upstream call under a watch. Whoever makes it ends the watch of a call that went well.
 * @throws UpstreamFailure, `gone` where the client has left before.
 */
export async function underWatch<T>(
  { signal, elapsed, limit, failureOf = networkFailure }: WatchedCall,
  call: (watch: CallWatch) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw new UpstreamFailure('gone', 'the client left', { unsent: true });
  const watch = watchCall(signal, elapsed);
  watch.limit(limit.ms, limit.message);
  try {
    return await call(watch);
  } catch (error) {
    watch.end();
    throw watch.reason() ?? failureOf(error);
  }
}
