import { SignalboxError } from '../../errors.ts';
import type { LedgerEntry } from '../../ledger/store.ts';
import type { GatewayContext, GatewayEnv } from '../context.ts';

/** The key whose requests the caller may see; undefined = all of them. */
export function scopeOf(env: GatewayEnv['Bindings']): string | undefined {
  const { identity } = env.admitted;
  return identity.admin || identity.id === null ? undefined : identity.id;
}

/** What the store knows; what the journal still holds is moved there first when it is needed. */
async function storedEntry({ engine }: GatewayContext, id: string, fresh: boolean): Promise<LedgerEntry | undefined> {
  const { store } = engine.ledger;
  const found = await store.entry(id);
  if (found !== undefined || fresh) return found;
  await engine.ledger.flush();
  return store.entry(id);
}

/**
 * Lets a key name its own sessions only.
 * @throws `decision_not_found` when no request of the key's is in that session.
 */
export async function checkSession(
  { engine }: GatewayContext,
  env: GatewayEnv['Bindings'],
  session: string,
): Promise<void> {
  const key = scopeOf(env);
  if (key === undefined) return;
  const { store } = engine.ledger;
  const own = async () => (await store.entries({ key, session, limit: 1 })).length > 0;
  if (await own()) return;
  await engine.ledger.flush();
  if (await own()) return;
  throw new SignalboxError(
    'decision_not_found',
    `no request of this key is in the session "${session.slice(0, 64)}"; a session is what requests named in x-signalbox-session`,
  );
}

/**
 * One request with its decision: from memory while it is fresh, else from the store.
 * @throws `decision_not_found` also when it is another key's.
 */
export async function findEntry(
  context: GatewayContext,
  env: GatewayEnv['Bindings'],
  id: string,
): Promise<LedgerEntry> {
  const { recent } = context.engine.runtime;
  const fresh = recent.request(id);
  const stored = await storedEntry(context, id, fresh !== undefined);
  const entry = fresh === undefined ? stored : { feedback: stored?.feedback ?? [], ...fresh };
  const scope = scopeOf(env);
  if (entry === undefined || (scope !== undefined && entry.intent.request.key !== scope)) {
    throw new SignalboxError(
      'decision_not_found',
      `no decision has the id "${id.slice(0, 64)}"; /router/v1/decisions lists the latest, and x-signalbox-decision-id of an answer names its own`,
    );
  }
  return entry;
}
