import { SCOPES, type Budget, type KeyLimits, type Scope } from '../config/schema.ts';

export type { Budget, KeyLimits, Scope };

/** Who asks, and what that allows. */
export interface Identity {
  /** The key's name; null without a key. */
  readonly id: string | null;
  /** Sees everyone's requests and the management routes. */
  readonly admin: boolean;
  /** What it is for beside that. */
  readonly scopes: readonly Scope[];
  /** The only models that the key may use; left out = all. */
  readonly models?: readonly string[];
  readonly roles?: readonly string[];
  /** How much the key may ask; left out = no limit. */
  readonly limits?: KeyLimits;
  /** What the key may spend; left out = no limit. */
  readonly budget?: Budget;
}

/** Whoever sits at this machine while its loopback stands open. */
export const LOCAL: Identity = { id: null, admin: true, scopes: SCOPES };

/** A caller of what is open to everyone. */
export const NOBODY: Identity = { id: null, admin: false, scopes: [] };

/** What a path needs: an administrator, a scope, or any key at all. */
export type Need = Scope | 'admin' | 'any';

/** Everything of a key but its secret and its life. */
export interface KeyGrants {
  readonly name: string;
  readonly admin: boolean;
  readonly scopes: readonly Scope[];
  readonly models?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly limits?: KeyLimits | undefined;
  readonly budget?: Budget | undefined;
}

/** The caller that a key makes. */
export function identityOf({ name, admin, scopes, models, roles, limits, budget }: KeyGrants): Identity {
  return {
    id: name,
    admin,
    scopes,
    ...(models === undefined ? {} : { models }),
    ...(roles === undefined ? {} : { roles }),
    ...(limits === undefined ? {} : { limits }),
    ...(budget === undefined ? {} : { budget }),
  };
}
