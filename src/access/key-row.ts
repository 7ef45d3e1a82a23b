import type { KeyBook } from './key-book.ts';
import type { KeySource, KnownKey } from './keyring.ts';
import type { Budget, KeyGrants, KeyLimits, Scope } from './identity.ts';
import type { StoredKey } from './key-store.ts';

/** A key as it is told: neither its secret nor its hash. Times are epoch milliseconds. */
export interface KeyRow {
  name: string;
  admin: boolean;
  scopes: Scope[];
  /** The only ones it may use; null = all. */
  models: string[] | null;
  roles: string[] | null;
  limits: KeyLimits | null;
  budget: Budget | null;
  /** `hidden`: the configuration has a key of the same name, which is the one in effect. */
  status: 'active' | 'expired' | 'revoked' | 'hidden';
  source: KeySource;
  createdAt: number | null;
  expiresAt: number | null;
  rotatedAt: number | null;
  /** Until when the secret before the last rotation is taken. */
  previousUntil: number | null;
  revokedAt: number | null;
  lastUsedAt: number | null;
}

/** What a key allows, as it is told. */
export function grantsOf({ admin, scopes, models, roles, limits, budget }: Omit<KeyGrants, 'name'>) {
  return {
    admin,
    scopes: [...scopes],
    models: models === undefined ? null : [...models],
    roles: roles === undefined ? null : [...roles],
    limits: limits ?? null,
    budget: budget ?? null,
  };
}

const isOver = (expiresAt: number | undefined, now: number): boolean => expiresAt !== undefined && expiresAt <= now;

/** A stored key as it is told; its secret and its hash are not. */
export function storedRow(
  key: StoredKey,
  {
    taken,
    now,
    lastUsedAt,
  }: { readonly taken: ReadonlySet<string>; readonly now: number; readonly lastUsedAt?: number | undefined },
): KeyRow {
  const { previous } = key;
  return {
    name: key.name,
    ...grantsOf(key),
    status:
      key.revokedAt !== undefined
        ? 'revoked'
        : taken.has(key.name)
          ? 'hidden'
          : isOver(key.expiresAt, now)
            ? 'expired'
            : 'active',
    source: 'store',
    createdAt: key.createdAt,
    expiresAt: key.expiresAt ?? null,
    rotatedAt: key.rotatedAt ?? null,
    previousUntil: previous !== undefined && previous.until > now ? previous.until : null,
    revokedAt: key.revokedAt ?? null,
    lastUsedAt: lastUsedAt ?? null,
  };
}

function settledRow({ identity, source, expiresAt }: KnownKey, now: number, lastUsedAt: number | undefined): KeyRow {
  return {
    name: identity.id ?? '',
    ...grantsOf(identity),
    status: isOver(expiresAt, now) ? 'expired' : 'active',
    source,
    createdAt: null,
    expiresAt: expiresAt ?? null,
    rotatedAt: null,
    previousUntil: null,
    revokedAt: null,
    lastUsedAt: lastUsedAt ?? null,
  };
}

/** A page of all keys by name: those of configuration and environment, and the stored ones. */
export async function keyRows(
  { settled, stored, taken, store }: Pick<KeyBook, 'settled' | 'stored' | 'taken' | 'store'>,
  { now, after = '', limit }: { readonly now: number; readonly after?: string | undefined; readonly limit: number },
): Promise<KeyRow[]> {
  // Of two keys of one name, the one in effect comes first and its page has both.
  const names = [...new Set([...settled.map(({ identity }) => identity.id ?? ''), ...stored.map(({ name }) => name)])]
    .filter((name) => name > after)
    .sort()
    .slice(0, limit);
  const used = await store.lastUsed(names);
  return names.flatMap((name) => [
    ...settled.flatMap((key) => (key.identity.id === name ? [settledRow(key, now, used.get(name))] : [])),
    ...stored.flatMap((key) => (key.name === name ? [storedRow(key, { taken, now, lastUsedAt: used.get(name) })] : [])),
  ]);
}
