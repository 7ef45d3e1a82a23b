import type { CoolDown } from '../decide/candidates.ts';
import type { UpstreamFailure } from '../providers/provider.ts';

/** How long a refused key keeps its upstream out, milliseconds: long enough to spare callers, short enough to be mended. */
const KEY_MS = 30_000;
/** A Retry-After beyond this is not believed, milliseconds. */
const LONGEST_MS = 3_600_000;

/** A cool-down that begins: how long it lasts, milliseconds. */
export interface NewCoolDown extends Omit<CoolDown, 'until'> {
  readonly ms: number;
}

/**
 * How long a failed upstream is to stay out, and why; `undefined` when the next request may try it again. A refusal may
 * have been about one request: it never takes the last model away.
 */
export function coolDownOf(failure: UpstreamFailure): NewCoolDown | undefined {
  switch (failure.failure) {
    case 'busy':
      return failure.retryAfter === undefined || failure.retryAfter <= 0
        ? undefined
        : { ms: Math.min(failure.retryAfter, LONGEST_MS), why: 'its rate limit is reached', lastResort: false };
    case 'auth':
      return { ms: KEY_MS, why: 'the provider refused its key', lastResort: true };
    case 'quota':
      return { ms: KEY_MS, why: 'its account has no credit', lastResort: true };
    default:
      return undefined;
  }
}
