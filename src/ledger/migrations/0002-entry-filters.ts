import { sql, type Kysely, type Migration } from 'kysely';

/** Indexes for the filters of the list of requests, in the order in which it is read. */
export const entryFilters: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.createIndex('requests_model').on('requests').columns(['model', 'id']).execute();
    await db.schema
      .createIndex('requests_role')
      .on('requests')
      .columns(['role', 'id'])
      .where(sql<boolean>`role is not null`)
      .execute();
    await db.schema
      .createIndex('requests_not_ok')
      .on('requests')
      .columns(['status', 'id'])
      .where(sql<boolean>`status <> 'ok'`)
      .execute();
  },
};
