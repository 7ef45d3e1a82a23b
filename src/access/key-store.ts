import type { KeyGrants } from './identity.ts';

/** A key in the store. Times are epoch milliseconds. */
export interface StoredKey extends KeyGrants {
  /** SHA-256 of the key, hex. */
  readonly sha256: string;
  /** The key that the last rotation replaced, and until when it is still taken. */
  readonly previous?: { readonly sha256: string; readonly until: number };
  readonly createdAt: number;
  readonly expiresAt?: number;
  readonly rotatedAt?: number;
  readonly revokedAt?: number;
}

/** A new secret for a key. */
export interface Rotation {
  readonly sha256: string;
  readonly at: number;
  /** Until when the old one is still taken, epoch milliseconds. */
  readonly until: number;
}

/** Where keys are kept. A name is given once: the ledger knows a key's requests by it. */
export interface KeyStore {
  /** All of them, revoked ones included, by name. */
  list(): Promise<StoredKey[]>;
  /** A number that every change makes larger. */
  revision(): Promise<number>;
  /** False when the name is taken. */
  insert(key: StoredKey): Promise<boolean>;
  /** The key as it then is; undefined when there is none. Revoking again changes nothing. */
  revoke(name: string, at: number): Promise<StoredKey | undefined>;
  /** The key as it then is; undefined when there is none that is not revoked. */
  rotate(name: string, rotation: Rotation): Promise<StoredKey | undefined>;
  /** When each key's latest request came, epoch milliseconds; those without one are left out. */
  lastUsed(names: readonly string[]): Promise<ReadonlyMap<string, number>>;
}
