import type { Kysely, Migration } from 'kysely';

/** Requests whose answer was made for another one, and the answers that are kept for that. */
export const cached: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ['requests', 'usage_hourly']) {
      await db.schema
        .alterTable(table)
        .addColumn('cached', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute();
    }
    await db.schema
      .createTable('cached_answers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('answer', 'text', (column) => column.notNull())
      .addColumn('size', 'bigint', (column) => column.notNull())
      .addColumn('expires_at', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('cached_answers_expiry').on('cached_answers').column('expires_at').execute();
  },
};
