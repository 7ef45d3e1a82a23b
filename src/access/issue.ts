import { SignalboxError } from '../errors.ts';
import { digestOf, makeKey } from './key-form.ts';
import type { NewKey } from './key-input.ts';
import type { KeyStore, StoredKey } from './key-store.ts';

/** A key at the only time that its secret is known. */
export interface Issued {
  /** `sb-…` */
  readonly key: string;
  readonly stored: StoredKey;
}

const hexOf = (key: string): string => digestOf(key).toString('hex');

function notFound(name: string): SignalboxError {
  return new SignalboxError('key_not_found', `the store has no key "${name.slice(0, 80)}"`);
}

/** @throws `key_conflict` for a key of the configuration or the environment. */
function checkStored(name: string, taken: ReadonlySet<string>): void {
  if (!taken.has(name)) return;
  throw new SignalboxError(
    'key_conflict',
    `"${name}" is a key of the configuration or the environment: it is changed there, and takes a restart`,
  );
}

/**
 * Makes a key and stores its hash. `taken` are names that the configuration has.
 * @throws `key_conflict` when the name is taken, be it by a revoked key.
 */
export async function issueKey(
  store: KeyStore,
  key: NewKey,
  { now, taken }: { readonly now: number; readonly taken: ReadonlySet<string> },
): Promise<Issued> {
  checkStored(key.name, taken);
  const secret = makeKey();
  const stored: StoredKey = { ...key, sha256: hexOf(secret), createdAt: now };
  if (await store.insert(stored)) return { key: secret, stored };
  throw new SignalboxError(
    'key_conflict',
    `there is, or was, a key "${key.name}" already: a name is given once, since the ledger knows requests by it; take another one, or rotate that key`,
  );
}

/**
 * Gives a key a new secret; the old one is taken for `grace` milliseconds more.
 * @throws `key_not_found`, `key_conflict` for one that is not in force
 */
export async function rotateKey(
  store: KeyStore,
  name: string,
  { now, taken, grace }: { readonly now: number; readonly taken: ReadonlySet<string>; readonly grace: number },
): Promise<Issued> {
  checkStored(name, taken);
  const before = (await store.list()).find((key) => key.name === name);
  if (before === undefined) throw notFound(name);
  if (before.expiresAt !== undefined && before.expiresAt <= now) {
    throw new SignalboxError('key_conflict', `the key "${name}" has expired: create another one`);
  }
  const key = makeKey();
  const stored = await store.rotate(name, { sha256: hexOf(key), at: now, until: now + grace });
  if (stored !== undefined) return { key, stored };
  throw new SignalboxError('key_conflict', `the key "${name}" was revoked: create another one`);
}

/**
 * Ends a key for good; again changes nothing.
 * @throws `key_not_found`, `key_conflict` for one that is not in the store
 */
export async function revokeKey(
  store: KeyStore,
  name: string,
  { now, taken }: { readonly now: number; readonly taken: ReadonlySet<string> },
): Promise<StoredKey> {
  checkStored(name, taken);
  const stored = await store.revoke(name, now);
  if (stored === undefined) throw notFound(name);
  return stored;
}
