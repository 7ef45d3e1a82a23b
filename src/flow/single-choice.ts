import { SignalboxError } from '../errors.ts';
import { usdOf } from '../ledger/money.ts';
import type { FailureClass, UpstreamFailure } from '../providers/provider.ts';
import { callsAt, fresh } from './fresh.ts';
import { errorOf, type Attempt, type Policy, type RequestState, type Step } from './policy.ts';
import { backOff, quickly, stay } from './retries.ts';

const OF_AN_ACCOUNT: ReadonlySet<FailureClass> = new Set(['auth', 'quota']);
const FINAL: ReadonlySet<FailureClass> = new Set(['request', 'filter', 'gone']);

/** Whether no other model can mend a failure. What one provider's dialect cannot say, another's may. */
const isFinal = ({ failure, unsent }: UpstreamFailure, callers: boolean): boolean =>
  // Nobody else's key is spent because a caller's own was refused.
  (callers && OF_AN_ACCOUNT.has(failure)) || (FINAL.has(failure) && !(failure === 'request' && unsent));

/** Nothing was called. */
function unstarted({ targets, money, remaining }: RequestState): Step {
  const [target] = targets;
  if (remaining > 0 && target !== undefined && money !== undefined) {
    const reserve = money.reserve(target);
    const cost = reserve === null ? 'has no known price' : `may cost ${usdOf(reserve)} USD`;
    return {
      fail: new SignalboxError(
        'no_candidate',
        `a call of ${target.model.id} ${cost}, and retries.maxCost allows ${usdOf(money.cap)} USD; ask for fewer tokens or raise it`,
      ),
    };
  }
  return {
    fail: new SignalboxError(
      'provider_timeout',
      'the deadline (timeouts.total) was over before any upstream was called',
    ),
  };
}

/** All failed: the first choice's last error tells the caller most. */
function failed(state: RequestState): Step {
  const [first] = state.attempts;
  const last =
    first === undefined ? undefined : callsAt(first.target, state.attempts).findLast(({ failure }) => failure);
  return last?.failure === undefined ? unstarted(state) : failOf(last.failure, last);
}

function failOf(failure: UpstreamFailure, attempt: Attempt): Step {
  return { fail: errorOf(failure, attempt), because: failure };
}

/**
 * One choice with fallback. A failed call gives way to the provider's next key, then the model's next upstream, then the
 * next candidate, at once; it is made again only after a short Retry-After, once quickly when the upstream failed, and
 * with growing waits when every target was only limited.
 */
export const singleChoice: Policy = {
  next(state) {
    const last = state.attempts.at(-1);
    if (last !== undefined && last.failure === undefined) return { accept: last };
    const failure = last?.failure;
    if (last === undefined || failure === undefined)
      return state.remaining > 0 ? (fresh(state) ?? failed(state)) : failed(state);
    if (isFinal(failure, last.callers === true)) return failOf(failure, last);
    if (state.remaining <= 0) return failed(state);
    const broke = failure.failure === 'sick';
    return (
      (failure.failure === 'busy' ? stay(last, state) : undefined) ??
      (broke && last.begun !== true ? quickly(last, state) : undefined) ??
      fresh(state) ??
      backOff(state) ??
      // The rest of an answer is better had from the same upstream than from nobody.
      (broke && last.begun === true ? quickly(last, state) : undefined) ??
      failed(state)
    );
  },
};
