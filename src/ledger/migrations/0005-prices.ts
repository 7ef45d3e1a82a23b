import { sql, type Kysely, type Migration } from 'kysely';

/** Counts that no column had: the hour's part of cache writes, and the rare ones as JSON. */
async function addCounts(db: Kysely<unknown>): Promise<void> {
  for (const table of ['requests', 'attempts']) {
    await db.schema.alterTable(table).addColumn('cache_write_hour_tokens', 'bigint').execute();
    await db.schema.alterTable(table).addColumn('other_usage', 'text').execute();
  }
}

async function createPrices(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('attempts').addColumn('price', 'text').execute();
  await db.schema
    .createTable('prices')
    .addColumn('version', 'text', (column) => column.primaryKey())
    .addColumn('upstream', 'text', (column) => column.notNull())
    .addColumn('price', 'text', (column) => column.notNull())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('date', 'text', (column) => column.notNull())
    .addColumn('first_seen', 'bigint', (column) => column.notNull())
    .execute();
}

/** What was booked first, of what was priced anew since. */
async function createRepriced(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('repriced')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('cost_nano', 'bigint')
    .addColumn('baseline_nano', 'bigint')
    .addColumn('price', 'text')
    .addColumn('repriced_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('repriced_at').on('repriced').column('at').execute();
}

/** The reserves of interrupted requests apart from what was spent; of hours whose requests are pruned it stays 0. */
async function addReserved(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('usage_hourly')
    .addColumn('reserved_nano', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
  await sql`
    update usage_hourly set reserved_nano = coalesce((
      select sum(r.cost_nano) from requests r
      where r.status = 'interrupted' and r.intent_seen = 1
        and r.at >= usage_hourly.hour and r.at < usage_hourly.hour + 3600000
        and coalesce(r.model, '') = usage_hourly.model and coalesce(r.provider, '') = usage_hourly.provider
        and coalesce(r.role, '') = usage_hourly.role and coalesce(r.key_id, '') = usage_hourly.key_id), 0)
    where interrupted > 0`.execute(db);
}

/** Prices by version, counts to price anew by, and what was booked before that. */
export const prices: Migration = {
  async up(db: Kysely<unknown>) {
    await addCounts(db);
    await createPrices(db);
    await createRepriced(db);
    await addReserved(db);
  },
};
