import { timingSafeEqual } from 'node:crypto';
import { SCOPES, type KeyConfig } from '../config/schema.ts';
import { SignalboxError } from '../errors.ts';
import { identityOf, type Identity } from './identity.ts';
import { digestOf, hasKeyForm } from './key-form.ts';
import type { StoredKey } from './key-store.ts';

/** The environment variable that may hold an administrator's key, and that key's name. */
export const ADMIN_KEY = 'SIGNALBOX_ADMIN_KEY';

/** Where a key stands. */
export type KeySource = 'config' | 'environment' | 'store';

/** A key that is known, in force or not. Times are epoch milliseconds. */
export interface KnownKey {
  readonly digest: Buffer;
  readonly source: KeySource;
  readonly identity: Identity;
  readonly expiresAt?: number | undefined;
  readonly revokedAt?: number | undefined;
  /** Of a secret that a rotation has replaced: until when it is still taken. */
  readonly replacedUntil?: number;
  /** The configuration has a key of the same name. */
  readonly hidden?: boolean;
}

/** Keys by what was presented; only hashes are kept and compared. */
export interface Keyring {
  /** The key whose hash is that of what was presented. */
  find(presented: string): KnownKey | undefined;
  /** The key of a hash. */
  byDigest(digest: Buffer): KnownKey | undefined;
}

function configured(key: KeyConfig): KnownKey {
  return {
    digest: key.key === undefined ? Buffer.from(key.sha256 ?? '', 'hex') : digestOf(key.key),
    source: 'config',
    identity: identityOf(key),
    ...(key.expires === undefined ? {} : { expiresAt: Date.parse(key.expires) }),
  };
}

/**
 * The administrator's key of the environment.
 * @throws `config_invalid` when it has not the form of a key that cannot be guessed.
 */
function fromEnvironment(key: string): KnownKey {
  if (!hasKeyForm(key) || key.length < 35) {
    throw new SignalboxError(
      'config_invalid',
      `${ADMIN_KEY} is no Signalbox key: it begins with sb- and has 32 to 197 more characters that cannot be guessed; "echo sb-$(openssl rand -hex 32)" makes one`,
    );
  }
  return {
    digest: digestOf(key),
    source: 'environment',
    identity: identityOf({ name: ADMIN_KEY, admin: true, scopes: SCOPES }),
  };
}

/** The keys that are there without a store: of `auth.keys`, and of the environment. */
export function settledKeys(keys: readonly KeyConfig[], adminKey: string | undefined): KnownKey[] {
  const own = keys.map(configured);
  return adminKey === undefined || adminKey === '' ? own : [...own, fromEnvironment(adminKey)];
}

function stored(key: StoredKey, hidden: boolean): KnownKey[] {
  const { sha256, previous, expiresAt, revokedAt } = key;
  const base = { source: 'store', identity: identityOf(key), expiresAt, revokedAt, hidden } as const;
  return [
    { ...base, digest: Buffer.from(sha256, 'hex') },
    ...(previous === undefined
      ? []
      : [{ ...base, digest: Buffer.from(previous.sha256, 'hex'), replacedUntil: previous.until }]),
  ];
}

/** Names that stored keys may not have, and do not work under. */
export function takenNames(settled: readonly KnownKey[]): ReadonlySet<string> {
  return new Set([ADMIN_KEY, ...settled.map(({ identity }) => identity.id ?? '')]);
}

const bucketOf = (digest: Buffer): number => digest.readUInt32BE(0);

/** Settled keys before stored ones. Found by a part of the hash, then compared whole in constant time. */
export function createKeyring(settled: readonly KnownKey[], keys: readonly StoredKey[]): Keyring {
  const taken = takenNames(settled);
  const buckets = new Map<number, KnownKey[]>();
  for (const key of [...settled, ...keys.flatMap((key) => stored(key, taken.has(key.name)))]) {
    const bucket = buckets.get(bucketOf(key.digest));
    if (bucket === undefined) buckets.set(bucketOf(key.digest), [key]);
    else bucket.push(key);
  }
  const byDigest = (digest: Buffer) =>
    buckets.get(bucketOf(digest))?.find((key) => timingSafeEqual(key.digest, digest));
  return { byDigest, find: (presented) => byDigest(digestOf(presented)) };
}

/**
 * Refuses a key that is not in force.
 * @throws `unauthorized` with the reason.
 */
export function checkInForce({ identity, expiresAt, revokedAt, replacedUntil, hidden }: KnownKey, now: number): void {
  const refuse = (why: string): never => {
    throw new SignalboxError('unauthorized', `the key "${identity.id ?? ''}" ${why}`);
  };
  if (hidden === true) refuse('of the store is not in effect: auth.keys has a key of that name');
  if (revokedAt !== undefined) refuse('was revoked');
  if (expiresAt !== undefined && expiresAt <= now) refuse('has expired');
  if (replacedUntil !== undefined && replacedUntil <= now) refuse('was replaced: use the one of the last rotation');
}
