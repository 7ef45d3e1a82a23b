import type { Upstream } from '../catalog/model.ts';
import type { Target } from '../decide/targets.ts';
import { SignalboxError } from '../errors.ts';
import type { FailureClass, UpstreamFailure } from '../providers/provider.ts';

/** One upstream call that has ended, as a policy sees it. */
export interface Attempt {
  readonly target: Target;
  /** Absent when it answered. */
  readonly failure?: UpstreamFailure;
}

/** What a policy knows when it is asked for the next step. */
export interface RequestState {
  /** Where the request may go, in order. */
  readonly targets: readonly Target[];
  readonly attempts: readonly Attempt[];
  /** Milliseconds left of the chain's deadline. */
  readonly remaining: number;
}

/** What changes in the caller's body for one upstream call. */
export interface RequestEdit {
  /** The model's name at the upstream. */
  readonly model: string;
}

/** What happens next in one request. */
export type Step =
  | { readonly call: Upstream; readonly body: RequestEdit }
  | { readonly accept: Attempt }
  | { readonly fail: SignalboxError; readonly because?: UpstreamFailure };

/** Decides step by step what happens in one request; pure. */
export interface Policy {
  next(state: RequestState): Step;
}

/** Failures that no other model can mend. */
const FINAL: ReadonlySet<FailureClass> = new Set(['request', 'filter', 'gone']);

/** The error that tells a caller about a failed upstream call. */
export function errorOf(failure: UpstreamFailure, target: Target): SignalboxError {
  const where = `${target.model.id} (${target.upstream.provider})`;
  const details = {
    cause: failure,
    ...(failure.retryAfter === undefined ? {} : { retryAfter: Math.ceil(failure.retryAfter / 1000) }),
  };
  switch (failure.failure) {
    case 'gone':
      return new SignalboxError('client_closed', undefined, details);
    case 'auth':
    case 'quota':
      return new SignalboxError(
        'provider_auth',
        `provider "${target.upstream.provider}" refused the configured key (${failure.failure}, status ${failure.status ?? 'none'}); check its apiKey and its account`,
        details,
      );
    case 'silent':
      return new SignalboxError('provider_timeout', `${where} did not answer in time: ${failure.message}`, details);
    case 'request':
    case 'filter':
      return new SignalboxError('invalid_request', `${where} refused the request: ${failure.message}`, details);
    case 'busy':
      return new SignalboxError('provider_busy', `${where} is busy: ${failure.message}`, details);
    case 'context':
      return new SignalboxError('context_length_exceeded', `${where}: ${failure.message}`, details);
    default:
      return failure.status === undefined
        ? new SignalboxError('provider_unreachable', `${where} cannot be reached: ${failure.message}`, details)
        : new SignalboxError('provider_error', `${where} failed: ${failure.message}`, details);
  }
}

function couldHelp(target: Target, attempts: readonly Attempt[]): boolean {
  return attempts.every(({ target: tried, failure }) => {
    if (tried.upstream.id === target.upstream.id) return false;
    if (failure?.failure !== 'context') return true;
    const small = tried.model.contextWindow;
    const large = target.model.contextWindow;
    return large !== undefined && (small === undefined || large > small);
  });
}

/** One choice with fallback: the chosen target, then the next that could help, until one answers or the deadline is over. */
export const singleChoice: Policy = {
  next({ targets, attempts, remaining }) {
    const last = attempts.at(-1);
    if (last !== undefined && last.failure === undefined) return { accept: last };
    const first = attempts.find((attempt) => attempt.failure !== undefined);
    const fail = (attempt: Attempt | undefined): Step =>
      attempt?.failure === undefined
        ? {
            fail: new SignalboxError(
              'provider_timeout',
              'the deadline (timeouts.total) was over before any upstream was called',
            ),
          }
        : { fail: errorOf(attempt.failure, attempt.target), because: attempt.failure };
    if (last?.failure !== undefined && FINAL.has(last.failure.failure)) return fail(last);
    if (remaining <= 0) return fail(first);
    const target = targets.find((candidate) => couldHelp(candidate, attempts));
    return target === undefined ? fail(first) : { call: target.upstream, body: { model: target.upstream.name } };
  },
};
