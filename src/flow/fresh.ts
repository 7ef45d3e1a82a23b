import type { Target } from '../decide/targets.ts';
import type { FailureClass } from '../providers/provider.ts';
import { isKeysOwn } from './cool-down.ts';
import type { Attempt, CallStep, RequestState } from './policy.ts';

/** Failures of a key that another key need not share. */
export const OF_THE_KEY: ReadonlySet<FailureClass> = new Set(['busy', 'auth', 'quota']);

/** The calls of a target so far. */
export const callsAt = ({ upstream }: Target, attempts: readonly Attempt[]): readonly Attempt[] =>
  attempts.filter(({ target }) => target.upstream.id === upstream.id);

/** Whether the chain may pay for one more call of this target. */
export function affordable(target: Target, { money, unpaid }: RequestState): boolean {
  if (unpaid?.has(target) === true) return false;
  if (money === undefined) return true;
  const reserve = money.reserve(target);
  return money.spent !== null && reserve !== null && money.spent + reserve <= money.cap;
}

/** A request that was too large for a window is too large for every other that is not larger. */
export function fitsBetter({ model }: Target, attempts: readonly Attempt[]): boolean {
  return attempts.every(({ target, failure }) => {
    if (failure?.failure !== 'context') return true;
    const small = target.model.contextWindow;
    const large = model.contextWindow;
    return large !== undefined && (small === undefined || large > small);
  });
}

/** The first key that was not tried at the target, nor refused by its provider; undefined when there is none. */
export function freshKey(target: Target, state: RequestState, mustBeReady: boolean): number | undefined {
  const { provider } = target.upstream;
  const tried = callsAt(target, state.attempts);
  if (tried.some(({ failure }) => failure === undefined || !OF_THE_KEY.has(failure.failure))) return undefined;
  const refused = state.attempts.filter(
    ({ target: other, failure }) => other.upstream.provider === provider && failure !== undefined && isKeysOwn(failure),
  );
  for (let key = 0; key < state.keys(target.upstream); key++) {
    if (state.key !== undefined && state.key !== key) continue;
    if (tried.some((attempt) => attempt.key === key) || refused.some((attempt) => attempt.key === key)) continue;
    if (!mustBeReady || state.keyReady(target.upstream, key)) return key;
  }
  return undefined;
}

/** A call of the target with one of its keys, `after` milliseconds from now. */
export function callOf({ upstream }: Target, key: number, after: number): CallStep {
  return { call: upstream, key, after, body: { model: upstream.name } };
}

/** The first target with a key that was not tried: of those that are ready, else of those that were never called. */
export function fresh(state: RequestState): CallStep | undefined {
  const { targets, attempts } = state;
  for (const mustBeReady of [true, false]) {
    for (const target of targets) {
      if (!mustBeReady && callsAt(target, attempts).length > 0) continue;
      if (!fitsBetter(target, attempts) || !affordable(target, state)) continue;
      const key = freshKey(target, state, mustBeReady);
      if (key !== undefined) return callOf(target, key, 0);
    }
  }
  return undefined;
}
