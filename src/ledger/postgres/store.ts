import { Kysely, sql } from 'kysely';
import type { Clock } from '../../clock.ts';
import { isMigrated, migrate } from '../migrations/migrate.ts';
import type { LedgerSchema } from '../schema.ts';
import { createSqlStore } from '../sql-store.ts';
import type { SqlTraits } from '../sql-traits.ts';
import type { Store } from '../store.ts';
import type { PostgresAddress } from './address.ts';
import { LedgerPostgresDialect } from './dialect.ts';
import { createPartitions } from './partitions.ts';
import { createPool, type Driver } from './pool.ts';
import { isConflict, noSchema, openingFailure } from './trouble.ts';

/** Changes to the tables of a big ledger take their time. */
const MIGRATION_MS = 30 * 60_000;

/** Connections for changes to the schema: one process after the other, and as long as it takes. */
function openForChanges(pg: Driver, address: PostgresAddress): Kysely<LedgerSchema> {
  const patient = { ...address, statementTimeout: Math.max(address.statementTimeout, MIGRATION_MS) };
  const dialect = new LedgerPostgresDialect(createPool(pg, patient), patient, { changesSchema: true });
  return new Kysely<LedgerSchema>({ dialect });
}

async function bringUpToDate(db: Kysely<LedgerSchema>, pg: Driver, address: PostgresAddress): Promise<void> {
  // Asked with the short limit first: what usually comes is that there is nothing to do, or no answer.
  const { rows } = await sql<{ name: string | null }>`select current_schema() as name`.execute(db);
  if (typeof rows[0]?.name !== 'string') throw noSchema();
  if (await isMigrated(db, address.shown)) return;
  const changing = openForChanges(pg, address);
  try {
    await migrate(changing, address.shown);
  } finally {
    await changing.destroy();
  }
}

function traitsOf(db: Kysely<LedgerSchema>, clock: Clock): SqlTraits {
  const partitions = createPartitions(db, clock);
  return {
    driver: 'pg',
    shared: true,
    now: () => sql`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    locksRows: true,
    isConflict,
    makeRoom: partitions.makeRoom,
    dropBefore: partitions.dropBefore,
  };
}

/**
 * The ledger's queries over a PostgreSQL, brought to this version's schema.
 * @throws `storage_unavailable`; `OutOfReach` when trying again later may help
 */
export async function openPostgresStore(pg: Driver, address: PostgresAddress, clock: Clock): Promise<Store> {
  const pool = createPool(pg, address);
  const db = new Kysely<LedgerSchema>({ dialect: new LedgerPostgresDialect(pool, address) });
  try {
    await bringUpToDate(db, pg, address);
  } catch (error) {
    await db.destroy();
    throw openingFailure(address.shown, error);
  }
  return createSqlStore(db, traitsOf(db, clock), clock);
}
