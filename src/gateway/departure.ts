import type { CallerSignal } from '../providers/provider.ts';

/** Whether a caller of the Fetch function still wants its answer. */
export interface Departure {
  /** Aborts when the request is aborted or its answer cancelled. */
  readonly signal: CallerSignal;
  /** The answer is not wanted any more. */
  leave(): void;
}

/** Watches over one Fetch request. */
export function departureOf({ signal }: Request): Departure {
  const left = new AbortController();
  const leave = (): void => left.abort();
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave, { once: true });
  return { signal: left.signal, leave };
}
