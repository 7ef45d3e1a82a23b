import type { Upstream } from '../catalog/model.ts';
import type { Lock } from '../decide/candidates.ts';
import type { Plan } from '../decide/precedence.ts';
import { SignalboxError } from '../errors.ts';
import type { Dialect } from '../protocol/chat.ts';
import type { Provider } from '../providers/provider.ts';
import type { RouteRequest } from './route.ts';
import type { Snapshot } from './snapshot.ts';

/** Says which provider the caller's own key is for. */
export const KEY_FOR = 'x-signalbox-key-for';

/** Whose API a dialect belongs to: whoever speaks it has a key from there. */
const API: Readonly<Record<Dialect, string>> = {
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  'openai-embeddings': 'openai',
  anthropic: 'anthropic',
  ollama: 'ollama',
  'ollama-generate': 'ollama',
};

/** What says where the caller's own key may go. */
export type KeyRequest = Pick<RouteRequest, 'dialect' | 'callerKey' | 'keyFor'>;

/** A lock, and the only provider whose upstreams it opens. */
export interface KeyLock extends Lock {
  readonly provider?: string;
}

/** Whether a key that came in this dialect is one of the provider's. */
function isAtHome({ dialects: [own, ...others] }: Provider, dialect: Dialect): boolean {
  if (dialect === 'openai-embeddings' && others.includes(dialect)) return true;
  return own !== undefined && API[own] === API[dialect];
}

function lock(provider: string | undefined, callers: ReadonlySet<string>, why: string): KeyLock {
  return {
    opens: (upstream) => upstream.provider === provider || !callers.has(upstream.provider),
    detail: `its provider is called with the caller’s own key, and ${why}`,
    ...(provider === undefined ? {} : { provider }),
  };
}

/**
 * Which upstreams the caller's own key opens: those of one provider, whatever else is configured. That is the one that the
 * caller names, else the one whose API the request came in, else, of several, the one of the model that was asked for. A
 * key of one vendor never reaches another because routing chose so. Undefined where no provider takes callers' keys.
 * @throws `invalid_request` when the caller names a provider that takes none.
 */
export function lockOf(
  { dialect, callerKey, keyFor }: KeyRequest,
  explicit: Plan['explicit'],
  { providers }: Pick<Snapshot, 'providers'>,
): KeyLock | undefined {
  const takers = [...providers.values()].filter((provider) => provider.callerKey === true);
  const names = takers.map(({ name }) => name);
  if (keyFor !== undefined && !names.includes(keyFor)) {
    const there = names.length === 0 ? 'none does' : `those that do: ${names.join(', ')}`;
    throw new SignalboxError(
      'invalid_request',
      `${KEY_FOR}: no provider "${keyFor.slice(0, 80)}" takes callers’ keys; ${there}`,
    );
  }
  if (takers.length === 0) return undefined;
  const callers = new Set(names);
  const locked = (provider: string | undefined, why: string) => lock(provider, callers, why);
  if (callerKey === undefined) {
    return locked(
      undefined,
      'the request brings none: send it as authorization: Bearer, x-api-key or api-key, and a Signalbox key, where one is needed, as x-signalbox-key',
    );
  }
  const sentTo = (provider: string) => locked(provider, `the one that was sent is for provider "${provider}"`);
  if (keyFor !== undefined) return sentTo(keyFor);
  const home = takers.filter((provider) => isAtHome(provider, dialect)).map(({ name }) => name);
  const asked = new Set(upstreamsOf(explicit).map(({ provider }) => provider));
  const [only, ...others] = home.length > 1 ? home.filter((name) => asked.has(name)) : home;
  if (only !== undefined && others.length === 0) return sentTo(only);
  return locked(
    undefined,
    home.length === 0
      ? `this request came in another API than theirs: ${KEY_FOR} says which of ${names.join(', ')} its key is for`
      : `nobody can tell which of ${home.join(', ')} the one that was sent is for: say so with ${KEY_FOR}`,
  );
}

function upstreamsOf(explicit: Plan['explicit']): readonly Upstream[] {
  return explicit?.upstream === undefined ? (explicit?.model.upstreams ?? []) : [explicit.upstream];
}
