import type { Upstream } from '../catalog/model.ts';
import type { Clock } from '../clock.ts';
import type { CoolDown } from '../decide/candidates.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import type { State } from '../state/state.ts';

/** How long a refused key is left alone, milliseconds: long enough to spare callers, short enough to be mended. */
const KEY_MS = 30_000;
/** A time further away is not believed, milliseconds. */
export const LONGEST_MS = 3_600_000;

/** A cool-down of one key that begins. */
export interface NewCoolDown extends Omit<CoolDown, 'until'> {
  /** Milliseconds. */
  readonly ms: number;
  /** Where the key is left alone: at one upstream, or everywhere at its provider. */
  readonly at: 'upstream' | 'provider';
}

/** Whether a failure is the key's own, whatever model is asked for: some keys may not use some models, which is 403. */
export function isKeysOwn({ failure, status }: UpstreamFailure): boolean {
  return failure === 'auth' && status !== 403;
}

/**
 * How long the key of a failed call is to be left alone, and why; `undefined` when the next request may try it again. A
 * refusal may have been about one request: it never takes the last model away.
 */
export function coolDownOf(failure: UpstreamFailure): NewCoolDown | undefined {
  const at = isKeysOwn(failure) ? 'provider' : 'upstream';
  switch (failure.failure) {
    case 'busy':
      return failure.retryAfter === undefined || failure.retryAfter <= 0
        ? undefined
        : { ms: Math.min(failure.retryAfter, LONGEST_MS), why: 'its rate limit is reached', lastResort: false, at };
    case 'auth':
      return { ms: KEY_MS, why: 'the provider refused its key', lastResort: true, at };
    case 'quota':
      return { ms: KEY_MS, why: 'its account has no credit', lastResort: true, at };
    default:
      return undefined;
  }
}

/** Cool-downs of keys, by their place in the pool. */
export interface CoolDowns {
  /** Set while the key is left alone at this upstream. */
  of(upstream: Upstream, key: number): CoolDown | undefined;
  /** Leaves the key alone; a longer cool-down stays. */
  begin(upstream: Upstream, key: number, coolDown: NewCoolDown): void;
  clear(): void;
}

/** Before the names of cool-downs in what processes share: of a key at an upstream, and everywhere at its provider. */
const SHARED = { upstream: 'cool-down:upstream:', provider: 'cool-down:provider:' } as const;

/** {@link CoolDowns} that processes tell each other; keys by their place in the pool, never by themselves. */
export function createCoolDowns(state: Pick<State, 'cell' | 'watch'>, clock: Clock): CoolDowns {
  // They are few and short-lived: a lookup in an empty map is all that most requests pay.
  const upstreams = new Map<string, CoolDown>();
  const providers = new Map<string, CoolDown>();
  const current = (coolDowns: Map<string, CoolDown>, name: string): CoolDown | undefined => {
    const found = coolDowns.get(name);
    if (found === undefined || found.until > clock.now()) return found;
    coolDowns.delete(name);
    return undefined;
  };
  const keep = (coolDowns: Map<string, CoolDown>, name: string, coolDown: CoolDown): boolean => {
    const longer = coolDown.until > (coolDowns.get(name)?.until ?? 0);
    if (longer) coolDowns.set(name, coolDown);
    return longer;
  };
  for (const [prefix, coolDowns] of [
    [SHARED.upstream, upstreams],
    [SHARED.provider, providers],
  ] as const) {
    state.watch(prefix, (key) => {
      const told = state.cell<CoolDown>(key).get();
      if (told !== undefined) keep(coolDowns, key.slice(prefix.length), told);
    });
  }
  return {
    of({ id, provider }, key) {
      const own = upstreams.size === 0 ? undefined : current(upstreams, `${key} ${id}`);
      const wide = providers.size === 0 ? undefined : current(providers, `${key} ${provider}`);
      return own === undefined || (wide !== undefined && wide.until > own.until) ? wide : own;
    },
    begin({ id, provider }, key, { ms, at, ...rest }) {
      const [coolDowns, name] = at === 'upstream' ? [upstreams, `${key} ${id}`] : [providers, `${key} ${provider}`];
      const coolDown = { until: clock.now() + ms, ...rest };
      if (keep(coolDowns, name, coolDown)) state.cell<CoolDown>(SHARED[at] + name).set(coolDown, ms);
    },
    clear() {
      upstreams.clear();
      providers.clear();
    },
  };
}

/** Where cool-downs of so many keys of an upstream are told. */
export function coolDownCells({ id, provider }: Upstream, keys: number): string[] {
  return Array.from({ length: keys }, (_, key) => [
    `${SHARED.upstream}${key} ${id}`,
    `${SHARED.provider}${key} ${provider}`,
  ]).flat();
}
