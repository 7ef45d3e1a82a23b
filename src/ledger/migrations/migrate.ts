import { Migrator, sql, type Kysely, type Migration } from 'kysely';
import { SignalboxError } from '../../errors.ts';
import type { LedgerSchema } from '../schema.ts';
import { initial } from './0001-initial.ts';
import { entryFilters } from './0002-entry-filters.ts';
import { decisionsMadeBefore } from './0003-decisions-made-before.ts';
import { keys } from './0004-keys.ts';
import { prices } from './0005-prices.ts';
import { cached } from './0006-cached.ts';
import { prompts } from './0007-prompts.ts';
import { MIGRATION_TABLE, type MigrationName } from './names.ts';

/** Every version's changes to the schema. */
export const MIGRATIONS: Readonly<Record<MigrationName, Migration>> = {
  '0001-initial': initial,
  '0002-entry-filters': entryFilters,
  '0003-decisions-made-before': decisionsMadeBefore,
  '0004-keys': keys,
  '0005-prices': prices,
  '0006-cached': cached,
  '0007-prompts': prompts,
};

async function executed(db: Kysely<LedgerSchema>): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some((table) => table.name === MIGRATION_TABLE)) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(MIGRATION_TABLE)}`.execute(db);
  return rows.map((row) => row.name);
}

/**
 * Whether the database has this version's schema.
 * @throws `storage_unavailable` when a newer version has changed it.
 */
export async function isMigrated(db: Kysely<LedgerSchema>, url: string): Promise<boolean> {
  const done = await executed(db);
  const unknown = done.find((name) => !(name in MIGRATIONS));
  if (unknown !== undefined) {
    throw new SignalboxError(
      'storage_unavailable',
      `"${url}" was written by a newer Signalbox (it has the schema "${unknown}"): upgrade this one, or set storage.url to another place`,
    );
  }
  return done.length === Object.keys(MIGRATIONS).length;
}

/**
 * Brings the database to this version's schema.
 * @throws `storage_unavailable` when a newer version has changed it.
 */
export async function migrate(db: Kysely<LedgerSchema>, url: string): Promise<void> {
  if (await isMigrated(db, url)) return;
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
