import type { Kysely, Migration } from 'kysely';

/** Keys that callers present: their hashes and what they allow. */
export const keys: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema
      .createTable('keys')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('sha256', 'text', (column) => column.notNull().unique())
      .addColumn('previous_sha256', 'text')
      .addColumn('previous_until', 'bigint')
      .addColumn('admin', 'bigint', (column) => column.notNull())
      .addColumn('grants', 'text', (column) => column.notNull())
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint')
      .addColumn('rotated_at', 'bigint')
      .addColumn('revoked_at', 'bigint')
      .addColumn('changes', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('keys_changes').on('keys').column('changes').execute();
  },
};
