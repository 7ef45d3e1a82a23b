import { PostgresAdapter, sql, type CreateTableBuilder, type Kysely } from 'kysely';

function isPostgres(db: Kysely<unknown>): boolean {
  return db.getExecutor().adapter instanceof PostgresAdapter;
}

/** Text that sorts by its bytes, as in SQLite: ids sort by time, whatever the database's language. */
export function textIn(db: Kysely<unknown>) {
  return isPostgres(db) ? sql`text collate "C"` : ('text' as const);
}

/**
 * Creates a big table: in PostgreSQL one that takes partitions by ranges of `key`, with one for all rows that have none of
 * their own; elsewhere as it is. Ids begin with their time, so that a month is a range of them.
 */
export async function createPartitioned<Table extends string, Column extends string>(
  db: Kysely<unknown>,
  name: Table,
  key: Column,
  table: CreateTableBuilder<Table, Column>,
): Promise<void> {
  if (!isPostgres(db)) return table.execute();
  await table.modifyEnd(sql`partition by range (${sql.ref(key)})`).execute();
  await sql`create table ${sql.table(`${name}_default`)} partition of ${sql.table(name)} default`.execute(db);
}
