import { Kysely, sql } from 'kysely';
import type { Clock } from '../clock.ts';
import { migrate } from './migrations/migrate.ts';
import type { LedgerSchema } from './schema.ts';
import { createSqlStore } from './sql-store.ts';
import { LedgerSqliteDialect } from './sqlite-dialect.ts';
import type { SqlTraits } from './sql-traits.ts';
import type { SqliteDatabase } from './sqlite.ts';
import type { Store } from './store.ts';

/** One machine's file, one writer at a time. */
export const sqliteTraits = (driver: string, clock: Clock, scrub?: () => Promise<void>): SqlTraits => ({
  driver,
  shared: false,
  now: () => sql`${Math.round(clock.now())}`,
  locksRows: false,
  isConflict: () => false,
  ...(scrub === undefined ? {} : { scrub }),
});

/** How often the log beside the file is tried to be emptied, and how long after each other, milliseconds. */
const SCRUB_TRIES = 20;
const SCRUB_MS = 50;

/** Empties the log beside the file, in which deleted rows still stand; others may be reading from it. */
async function emptyLog(db: Kysely<LedgerSchema>): Promise<void> {
  for (let left = SCRUB_TRIES; left > 0; left--) {
    const { rows } = await sql<{ busy: bigint }>`pragma wal_checkpoint(truncate)`.execute(db);
    if (rows[0]?.busy !== 1n) return;
    await new Promise((resolve) => setTimeout(resolve, SCRUB_MS));
  }
}

/**
 * The ledger's queries over an open SQLite database, brought to this version's schema.
 * @throws `storage_unavailable` when a newer version has changed it.
 */
export async function openSqliteStore(database: SqliteDatabase, url: string, clock: Clock): Promise<Store> {
  const db = new Kysely<LedgerSchema>({ dialect: new LedgerSqliteDialect(database) });
  await migrate(db, url);
  return createSqlStore(
    db,
    sqliteTraits(database.driver, clock, () => emptyLog(db)),
    clock,
  );
}
