import type { UpstreamFailure } from '../providers/provider.ts';

/**
 * Whether a provider may charge for a call that failed. A provider that says no, or that it failed, before any output
 * charges nothing. One that took the request and went quiet, was cut, or answered with something useless may have done
 * the work; so may one whose proxy gave up waiting (408, 504).
 */
export function mayBeBilled({ failure, status, unsent }: UpstreamFailure): boolean {
  if (unsent) return false;
  return status === undefined || failure === 'silent' || (status >= 200 && status <= 299);
}
