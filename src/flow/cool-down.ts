import type { UpstreamFailure } from '../providers/provider.ts';

/** How long a refused key keeps its upstream out, milliseconds: long enough to spare callers, short enough to be mended. */
const KEY_MS = 30_000;
/** A Retry-After beyond this is not believed, milliseconds. */
const LONGEST_MS = 3_600_000;

/** How long a failed upstream is to stay out, and why; `undefined` when the next request may try it again. */
export function coolDownOf(failure: UpstreamFailure): { readonly ms: number; readonly why: string } | undefined {
  switch (failure.failure) {
    case 'busy':
      return failure.retryAfter === undefined || failure.retryAfter <= 0
        ? undefined
        : { ms: Math.min(failure.retryAfter, LONGEST_MS), why: 'its rate limit is reached' };
    case 'auth':
      return { ms: KEY_MS, why: 'the provider refused its key' };
    case 'quota':
      return { ms: KEY_MS, why: 'its account has no credit' };
    default:
      return undefined;
  }
}
