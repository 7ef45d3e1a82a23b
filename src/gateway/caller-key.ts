import { foreignKeys } from '../access/keys.ts';
import { KEY_FOR } from '../flow/lock.ts';
import type { RouteRequest } from '../flow/route.ts';
import type { Snapshot } from '../flow/snapshot.ts';
import type { HeaderReader } from '../protocol/headers.ts';
import { createCallerKey } from '../providers/caller-key.ts';
import type { GatewayContext } from './context.ts';

/** Claude Code says so when it comes with its own login. */
const OAUTH = /(?:^|,)\s*oauth-/;

/** The provider's key that a caller brought along; whatever it sends is left alone where no provider takes callers' keys. */
export function callerKeyOf(
  { engine }: GatewayContext,
  header: HeaderReader,
  { providers }: Snapshot,
): Pick<RouteRequest, 'callerKey' | 'keyFor'> {
  const keyFor = header(KEY_FOR);
  const named = keyFor === undefined ? {} : { keyFor };
  const wanted = [...providers.values()].some(({ callerKey }) => callerKey === true);
  const sent = wanted ? foreignKeys(header) : undefined;
  if (sent === undefined) return named;
  const scope = engine.runtime.memory.scopeOf(sent);
  return { ...named, callerKey: createCallerKey(sent, { scope, oauth: OAUTH.test(header('anthropic-beta') ?? '') }) };
}
