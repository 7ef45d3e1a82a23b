import type { Upstream } from '../catalog/model.ts';
import type { Target } from '../decide/targets.ts';
import { SignalboxError, type ErrorDetails } from '../errors.ts';
import type { NanoUsd } from '../ledger/record.ts';
import type { UpstreamFailure } from '../providers/provider.ts';

/** One upstream call that has ended, as a policy sees it. */
export interface Attempt {
  readonly target: Target;
  /** Which of the provider's keys, from 0. */
  readonly key: number;
  /** Absent when it answered. */
  readonly failure?: UpstreamFailure;
  /** Called with the caller's own key: its refusal is the caller's to mend. */
  readonly callers?: boolean;
  /** The caller has a part of its answer: another is to go on with it. */
  readonly begun?: boolean;
}

/** What the chain may cost. */
export interface MoneyCap {
  readonly cap: NanoUsd;
  /** Booked so far; null when the cost of a call is unknown. */
  readonly spent: NanoUsd | null;
  /** The most that a call can cost; null when its price is unknown. */
  reserve(target: Target): NanoUsd | null;
}

/** What a policy knows when it is asked for the next step. */
export interface RequestState {
  /** Where the request may go, in order. */
  readonly targets: readonly Target[];
  readonly attempts: readonly Attempt[];
  /** Milliseconds left of the chain's deadline. */
  readonly remaining: number;
  /** `max` on one model; `wait` = the longest Retry-After worth waiting for, milliseconds. */
  readonly retries: { readonly max: number; readonly wait: number };
  /** Left out: no limit. */
  readonly money?: MoneyCap | undefined;
  /** Those that no budget pays for any more. */
  readonly unpaid?: ReadonlySet<Target> | undefined;
  /** Keys in the pool of the upstream's provider. */
  keys(upstream: Upstream): number;
  /** The only key that will do; left out = any. */
  readonly key?: number | undefined;
  /** Whether a call with this key would be made, rather than left alone. */
  keyReady(upstream: Upstream, key: number): boolean;
  /** Uniform in [0, 1); asked for only when a call is to be made again. */
  draw(): number;
}

/** What changes in the caller's body for one upstream call. */
export interface RequestEdit {
  /** The model's name at the upstream. */
  readonly model: string;
}

/** An upstream call that is to be made. */
export interface CallStep {
  readonly call: Upstream;
  /** Which of the provider's keys, from 0. */
  readonly key: number;
  /** Milliseconds to wait first. */
  readonly after: number;
  readonly body: RequestEdit;
}

/** What happens next in one request. */
export type Step =
  | CallStep
  | { readonly accept: Attempt }
  | { readonly fail: SignalboxError; readonly because?: UpstreamFailure };

/** Decides step by step what happens in one request; pure. */
export interface Policy {
  next(state: RequestState): Step;
}

/** Where a call failed, as its error names it, and whether it was made with the caller's own key. */
export interface FailedCall {
  readonly target: {
    readonly model: Pick<Target['model'], 'id'>;
    readonly upstream: Pick<Target['upstream'], 'provider'>;
  };
  readonly callers?: boolean;
}

/** The error for a refusal of the caller's own key. */
function refusedOwn({ failure, status }: UpstreamFailure, provider: string, details: ErrorDetails): SignalboxError {
  const code = failure === 'auth' && status !== 403 ? 'unauthorized' : 'forbidden';
  const what = failure === 'quota' ? 'says that the account of your key has no credit' : 'refused your key';
  return new SignalboxError(code, `provider "${provider}" ${what} (status ${status ?? 'none'})`, details);
}

/** The error that tells a caller about a failed upstream call, whose answer may have `begun`. */
export function errorOf(
  failure: UpstreamFailure,
  { target, callers = false }: FailedCall,
  begun: boolean = false,
): SignalboxError {
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
      if (callers) return refusedOwn(failure, target.upstream.provider, details);
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
      return failure.status === undefined && !begun
        ? new SignalboxError('provider_unreachable', `${where} cannot be reached: ${failure.message}`, details)
        : new SignalboxError('provider_error', `${where} failed: ${failure.message}`, details);
  }
}
