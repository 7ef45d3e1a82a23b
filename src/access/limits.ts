import type { KeyLimits } from '../config/schema.ts';
import type { Lease, Limit, State } from '../state/state.ts';

const MINUTE_MS = 60_000;
/** A request that is still under way after this long has lost its process, milliseconds. */
const LONGEST_REQUEST_MS = 3_600_000;

/** No model reads and writes more in one call: what an upstream claims beyond it must not lock a key for years. */
const MOST_TOKENS = 10_000_000;

/** A limit that a request would go beyond. */
export interface LimitReached {
  /** In words: `10 requests per minute`. */
  readonly limit: string;
  /** Milliseconds. */
  readonly retryAfter: number;
}

/** What a request has taken of its key's limits. */
export interface Allowance {
  /** Nothing was taken, because this limit is reached. */
  readonly reached?: LimitReached;
  /** The request is over; `tokens` is what it used, null when nobody knows. */
  settle(tokens: number | null): void;
}

interface Taken {
  readonly what: string;
  readonly kind: keyof KeyLimits;
  readonly lease: Lease;
}

/**
 * Takes one request of `tokens` tokens from the limits of a key, or nothing of any of them. Tokens are the input and the
 * most that may come out: what did not come is given back. A request larger than what is left is let through while anything
 * is, and the key waits the longer for the next.
 */
export async function takeLimits(state: State, key: string, limits: KeyLimits, tokens: number): Promise<Allowance> {
  const { rpm, tpm, parallel } = limits;
  const take = async (kind: keyof KeyLimits, what: string, n: number, limit: Limit): Promise<Taken> => ({
    what,
    kind,
    lease: await state.take(`limit:${kind}:${key}`, n, limit),
  });
  const taken = await Promise.all([
    ...(parallel === undefined
      ? []
      : [take('parallel', `${parallel} requests at once`, 1, { max: parallel, ttl: LONGEST_REQUEST_MS })]),
    ...(rpm === undefined ? [] : [take('rpm', `${rpm} requests per minute`, 1, { max: rpm, per: MINUTE_MS })]),
    ...(tpm === undefined
      ? []
      : [take('tpm', `${tpm} tokens per minute`, tokens, { max: tpm, per: MINUTE_MS, grant: 'any' })]),
  ]);
  const refused = taken.find(({ lease }) => !lease.granted);
  if (refused !== undefined) {
    for (const { kind, lease } of taken) lease.release(kind === 'tpm' ? tokens : 1);
    return { reached: { limit: refused.what, retryAfter: refused.lease.retryAfter }, settle: () => {} };
  }
  return {
    settle(used) {
      for (const { kind, lease } of taken) {
        if (kind === 'parallel') lease.release(1);
        else if (kind === 'tpm') lease.release(used === null ? 0 : tokens - Math.min(used, MOST_TOKENS));
      }
    },
  };
}
