import { sql, type Kysely } from 'kysely';
import type { KeyStore } from '../access/key-store.ts';
import { grantsText, keyOf } from './key-rows.ts';
import type { LedgerSchema } from './schema.ts';

const orNull = (at: number | undefined) => (at === undefined ? null : BigInt(at));

/** Keys in a migrated database. */
export function createSqlKeyStore(db: Kysely<LedgerSchema>): KeyStore {
  const find = async (name: string) => {
    const row = await db.selectFrom('keys').selectAll().where('name', '=', name).executeTakeFirst();
    return row === undefined ? undefined : keyOf(row);
  };
  return {
    async list() {
      const rows = await db.selectFrom('keys').selectAll().orderBy('name').execute();
      return rows.flatMap((row) => keyOf(row) ?? []);
    },
    async revision() {
      const { total } = await db
        .selectFrom('keys')
        .select(sql<bigint | number | string | null>`sum(changes)`.as('total'))
        .executeTakeFirstOrThrow();
      return Number(total ?? 0);
    },
    async insert(key) {
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('keys')
        .values({
          name: key.name,
          sha256: key.sha256,
          previous_sha256: key.previous?.sha256 ?? null,
          previous_until: orNull(key.previous?.until),
          admin: key.admin ? 1n : 0n,
          grants: grantsText(key),
          created_at: BigInt(key.createdAt),
          expires_at: orNull(key.expiresAt),
          rotated_at: orNull(key.rotatedAt),
          revoked_at: orNull(key.revokedAt),
          changes: 1n,
        })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    async revoke(name, at) {
      await db
        .updateTable('keys')
        .set({ revoked_at: BigInt(at), changes: sql<bigint>`changes + 1` })
        .where('name', '=', name)
        .where('revoked_at', 'is', null)
        .execute();
      return find(name);
    },
    async rotate(name, { sha256, at, until }) {
      const { numUpdatedRows } = await db
        .updateTable('keys')
        .set({
          // The right-hand side is the row as it was.
          previous_sha256: sql<string>`${sql.ref('sha256')}`,
          previous_until: BigInt(until),
          sha256,
          rotated_at: BigInt(at),
          changes: sql<bigint>`changes + 1`,
        })
        .where('name', '=', name)
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n ? find(name) : undefined;
    },
    async lastUsed(names) {
      const found = new Map<string, number>();
      for (const name of names) {
        // Ids are in the order of time: one step in the index of each key.
        const row = await db
          .selectFrom('requests')
          .select('at')
          .where('key_id', '=', name)
          .orderBy('id', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (row !== undefined) found.set(name, Number(row.at));
      }
      return found;
    },
  };
}
