import type { Outcome } from './record.ts';

/** Whether any part of a request's tokens or cost is our estimate rather than the provider's count. */
export function isEstimated({ status, usage, attempts }: Outcome): boolean {
  return (
    status === 'interrupted' ||
    usage?.estimated === true ||
    attempts.some((attempt) => attempt.usage?.estimated === true)
  );
}
