import type { Target } from '../decide/targets.ts';
import type { FailureClass } from '../providers/provider.ts';
import { affordable, callOf, callsAt, fitsBetter, freshKey } from './fresh.ts';
import type { Attempt, CallStep, RequestState } from './policy.ts';

/** A quick retry waits this long, milliseconds: an instant at least, so that whatever failed may be over. */
const QUICK_MS = { least: 50, most: 250 };
/** The first wait of a row, milliseconds; each further one is twice as long. */
const BACKOFF_MS = 500;
/** Requests that were told the same time come back spread over this, milliseconds. */
const SPREAD_MS = 100;

/** Failures after which an upstream is not asked again in the same request. */
const HOPELESS: ReadonlySet<FailureClass> = new Set(['silent', 'context', 'misconfigured']);

/** How often a key was called again at an upstream of the model. */
function retriesOf({ model }: Target, attempts: readonly Attempt[]): number {
  const seen = new Set<string>();
  const calls = attempts.filter(({ target }) => target.model.id === model.id);
  for (const { target, key } of calls) seen.add(`${key} ${target.upstream.id}`);
  return calls.length - seen.size;
}

/** The call once more, after a wait; undefined when retries, money or time do not allow it. */
function again({ target, key }: Attempt, after: number, state: RequestState): CallStep | undefined {
  if (retriesOf(target, state.attempts) >= state.retries.max) return undefined;
  return after < state.remaining && affordable(target, state) ? callOf(target, key, after) : undefined;
}

/** One quick retry of a call that failed at the upstream; undefined after the second failure there. */
export function quickly(attempt: Attempt, state: RequestState): CallStep | undefined {
  const { target, key, failure: last } = attempt;
  if (last?.blameless === true) return undefined;
  const failures = callsAt(target, state.attempts).filter(({ failure }) => failure?.failure === 'sick');
  // Its breaker may have opened on it.
  if (failures.length > 1 || !state.keyReady(target.upstream, key)) return undefined;
  return again(attempt, QUICK_MS.least + state.draw() * (QUICK_MS.most - QUICK_MS.least), state);
}

/** The last call of each key at the target, of those that were told to come slower. */
function limited(target: Target, attempts: readonly Attempt[]): readonly Attempt[] {
  const calls = callsAt(target, attempts);
  // Whatever else went wrong there is not mended by waiting.
  if (calls.some(({ failure }) => failure !== undefined && HOPELESS.has(failure.failure))) return [];
  const last = new Map(calls.map((attempt) => [attempt.key, attempt]));
  return [...last.values()].filter(({ failure }) => failure?.failure === 'busy');
}

const told = ({ failure }: Attempt): number => failure?.retryAfter ?? 0;

/** Staying with a limited target keeps the choice and its prompt cache: with another key, else after a short Retry-After. */
export function stay({ target }: Attempt, state: RequestState): CallStep | undefined {
  const waits = limited(target, state.attempts).filter((attempt) => told(attempt) > 0);
  const [shortest] = waits.toSorted((a, b) => told(a) - told(b));
  if (shortest === undefined || told(shortest) > state.retries.wait) return undefined;
  const key = affordable(target, state) ? freshKey(target, state, true) : undefined;
  if (key !== undefined) return callOf(target, key, 0);
  return again(shortest, told(shortest) + state.draw() * SPREAD_MS, state);
}

/** Nobody else could help: the first target that was only told to come slower, without a time, is asked again. */
export function backOff(state: RequestState): CallStep | undefined {
  const { targets, attempts } = state;
  for (const target of targets) {
    const last = limited(target, attempts).find((attempt) => told(attempt) <= 0);
    if (last === undefined || !fitsBetter(target, attempts)) continue;
    const wait = BACKOFF_MS * 2 ** retriesOf(target, attempts) * (0.75 + state.draw() / 2);
    const step = again(last, wait, state);
    if (step !== undefined) return step;
  }
  return undefined;
}
