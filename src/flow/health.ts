import type { Upstream } from '../catalog/model.ts';
import type { Clock } from '../clock.ts';
import type { CoolDown } from '../decide/candidates.ts';
import type { UpstreamFailure } from '../providers/provider.ts';
import { breakerCell, createBreakers } from '../state/breaker.ts';
import { createSlots, type Patience, type Slot } from '../state/slots.ts';
import type { State } from '../state/state.ts';
import { coolDownCells, coolDownOf, createCoolDowns } from './cool-down.ts';
import { createHeadroom } from './headroom.ts';
import type { Snapshot } from './snapshot.ts';

/** When to look again at a provider whose calls in flight are limited, milliseconds. */
const SOON_MS = 1000;

/** What a request needs of an upstream. */
export interface Need {
  readonly inputTokens: number;
  /** Keys in the pool of its provider. */
  keys(upstream: Upstream): number;
  /** The only key that will do: its account keeps what the request goes on with. */
  readonly key?: number | undefined;
  /** Calls in flight that its provider may have; undefined = any number. */
  concurrency(upstream: Upstream): number | undefined;
}

/** What a request of so many input tokens needs under this configuration. */
export function needOf(
  { config, providers }: Pick<Snapshot, 'config' | 'providers'>,
  inputTokens: number,
  key?: number,
): Need {
  return {
    inputTokens,
    key,
    keys: ({ provider }) => providers.get(provider)?.keys ?? 1,
    concurrency: ({ provider }) => config.providers[provider]?.concurrency,
  };
}

/** One upstream call, for what later requests may learn from it. */
export interface OpenCall {
  /** Its answer has begun, and what it brings makes sense: the first event of a stream, all of a whole answer. */
  answered(headers: Readonly<Record<string, string>>): void;
  /** It is over: all of the answer was read, or why not. Later calls do nothing. */
  ended(failure?: UpstreamFailure): void;
}

/** How a call is made. */
export interface CallFacts {
  readonly inputTokens: number;
  /** The provider may first have to load its model: silence before the first byte is no illness. */
  readonly local: boolean;
  /** Made with the caller's own key: what the provider says of that key's account concerns nobody else. */
  readonly callers?: boolean;
  /** Given back when the call is over. */
  readonly slot?: Slot | undefined;
}

/** A call that nothing is learnt from. */
export function untracked(slot: Slot = () => {}): OpenCall {
  return { answered: () => {}, ended: slot };
}

/** Which upstreams may be called now: cool-downs, breakers, what is left of rate limits, calls in flight. */
export interface Health {
  /** Set while the upstream is left alone: it is sick or full, or none of its keys may be used. */
  cooling(upstream: Upstream, need: Need): CoolDown | undefined;
  /** Whether a call with this key would be made, rather than left alone. */
  keyReady(upstream: Upstream, key: number, need: Need): boolean;
  /**
   * The key for a call that only its key can be chosen of: the first that is not left alone, else the one that may be used
   * soonest. Undefined when those `tried` leave none that is ready.
   */
  firstKey(upstream: Upstream, need: Need, tried: ReadonlySet<number>): number | undefined;
  /** Leaves a key alone after a call of which nothing else is learnt. */
  refused(upstream: Upstream, key: number, failure: UpstreamFailure): void;
  /**
   * The right to one more call at the provider: at once where one is free, else when its turn comes; undefined when its
   * time is over, the caller has left, or too many wait.
   */
  slot(upstream: Upstream, need: Need, patience: Patience): Slot | undefined | Promise<Slot | undefined>;
  /** A call begins. Only of configured upstreams: callers can make names up. */
  began(upstream: Upstream, key: number, facts: CallFacts): OpenCall;
  /** Forgets what keeps upstreams out: a new configuration may have mended it. */
  endCoolDowns(): void;
  /** Learns what other processes know of these upstreams; undefined where there is nothing to wait for. */
  learn(upstreams: Iterable<Upstream>, keys: Need['keys']): Promise<void> | undefined;
}

const sickens = ({ failure }: UpstreamFailure): boolean => failure === 'sick' || failure === 'silent';

/** {@link Health} over a {@link State}. */
export function createHealth(state: State, clock: Clock): Health {
  const coolDowns = createCoolDowns(state, clock);
  const breakers = createBreakers(state, clock);
  const headroom = createHeadroom(clock);
  const slots = createSlots();

  /** What keeps the upstream out whatever the key. */
  const unready = (upstream: Upstream, need: Need): CoolDown | undefined => {
    const blocked = breakers.blocked(upstream.id);
    if (blocked !== undefined) return { ...blocked, lastResort: true };
    if (!slots.full(upstream.provider, need.concurrency(upstream))) return undefined;
    return { until: clock.now() + SOON_MS, why: 'its provider has all the calls that it may have', lastResort: true };
  };
  const keyOut = (upstream: Upstream, key: number, { inputTokens }: Need): CoolDown | undefined => {
    const coolDown = coolDowns.of(upstream, key);
    if (coolDown !== undefined) return coolDown;
    const lacking = headroom.lacking(upstream.id, key, inputTokens);
    return lacking === undefined
      ? undefined
      : { until: lacking.until, why: 'its rate limit has no room for it', lastResort: true };
  };

  /** Of some keys the first that may be used, or the one that may be used soonest and what keeps it out. */
  const firstOf = (upstream: Upstream, need: Need, wanted: (key: number) => boolean) => {
    let soonest: { readonly key: number; readonly out: CoolDown } | undefined;
    for (let key = 0; key < need.keys(upstream); key++) {
      if (!wanted(key)) continue;
      const out = keyOut(upstream, key, need);
      if (out === undefined) return { key, out };
      if (soonest === undefined || out.until < soonest.out.until) soonest = { key, out };
    }
    return soonest;
  };

  const refused: Health['refused'] = (upstream, key, failure) => {
    const coolDown = coolDownOf(failure);
    if (coolDown !== undefined) coolDowns.begin(upstream, key, coolDown);
  };

  return {
    cooling: (upstream, need) =>
      unready(upstream, need) ?? firstOf(upstream, need, (key) => need.key === undefined || need.key === key)?.out,
    keyReady: (upstream, key, need) =>
      unready(upstream, need) === undefined && keyOut(upstream, key, need) === undefined,
    firstKey(upstream, need, tried) {
      const first = firstOf(upstream, need, (key) => !tried.has(key));
      return first?.out === undefined || tried.size === 0 ? first?.key : undefined;
    },
    refused,
    slot: (upstream, need, patience) => slots.acquire(upstream.provider, need.concurrency(upstream), patience),
    began(upstream, key, { inputTokens, local, callers = false, slot }) {
      const trial = breakers.began(upstream.id);
      const draft = callers ? undefined : headroom.began(upstream.id, key, inputTokens);
      return {
        answered(headers) {
          if (draft !== undefined) headroom.told(draft, headers);
          breakers.answered(trial);
        },
        ended(failure) {
          if (trial.ended) return;
          slot?.();
          if (draft !== undefined) headroom.told(draft, failure?.headers ?? {});
          if (failure === undefined || failure.blameless) {
            breakers.ended(trial, 'worked');
            return;
          }
          const loads = local && failure.failure === 'silent' && !trial.answered;
          breakers.ended(trial, sickens(failure) && !loads ? 'failed' : 'unknown');
          if (!callers) refused(upstream, key, failure);
        },
      };
    },
    endCoolDowns() {
      coolDowns.clear();
      breakers.clear();
      headroom.clear();
    },
    learn(upstreams, keys) {
      const cells = [...upstreams].flatMap((one) => [breakerCell(one.id), ...coolDownCells(one, keys(one))]);
      return state.load([...new Set(cells)]);
    },
  };
}
