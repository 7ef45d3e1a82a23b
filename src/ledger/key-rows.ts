import { z } from 'zod';
import type { Selectable } from 'kysely';
import type { StoredKey } from '../access/key-store.ts';
import { budget, keyLimits, scopes } from '../config/schema.ts';
import type { KeysTable } from './schema.ts';

const names = z.array(z.string());
const grants = z.object({
  scopes,
  models: names.optional(),
  roles: names.optional(),
  limits: keyLimits.optional(),
  budget: budget.optional(),
});

/** What a key allows, as it is stored. */
export function grantsText({ scopes, models, roles, limits, budget }: StoredKey): string {
  return JSON.stringify({ scopes, models, roles, limits, budget });
}

function parsed(text: string) {
  try {
    return grants.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A key as it is stored; undefined when what it allows cannot be read: it must not be taken without its limits. */
export function keyOf(row: Selectable<KeysTable>): StoredKey | undefined {
  const given = parsed(row.grants);
  if (given === undefined) return undefined;
  const { scopes, models, roles, limits, budget } = given;
  return {
    name: row.name,
    sha256: row.sha256,
    ...(row.previous_sha256 === null
      ? {}
      : { previous: { sha256: row.previous_sha256, until: Number(row.previous_until) } }),
    admin: Number(row.admin) === 1,
    scopes,
    ...(models === undefined ? {} : { models }),
    ...(roles === undefined ? {} : { roles }),
    ...(limits === undefined ? {} : { limits }),
    ...(budget === undefined ? {} : { budget }),
    createdAt: Number(row.created_at),
    ...(row.expires_at === null ? {} : { expiresAt: Number(row.expires_at) }),
    ...(row.rotated_at === null ? {} : { rotatedAt: Number(row.rotated_at) }),
    ...(row.revoked_at === null ? {} : { revokedAt: Number(row.revoked_at) }),
  };
}
