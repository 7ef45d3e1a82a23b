import type { Kysely, Migration } from 'kysely';

/** Requests whose answer was made for another one. */
export const cached: Migration = {
  async up(db: Kysely<unknown>) {
    for (const table of ['requests', 'usage_hourly']) {
      await db.schema
        .alterTable(table)
        .addColumn('cached', 'bigint', (column) => column.notNull().defaultTo(0))
        .execute();
    }
  },
};
