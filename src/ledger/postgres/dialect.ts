import {
  PostgresAdapter,
  PostgresQueryCompiler,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type TableMetadata,
  sql,
} from 'kysely';
import type { Pool } from 'pg';
import type { PostgresAddress } from './address.ts';
import { LedgerPostgresDriver } from './driver.ts';

class LedgerPostgresAdapter extends PostgresAdapter {
  /** Every transaction of a dialect that changes the schema begins with the lock, and ends with it. */
  override async acquireMigrationLock(): Promise<void> {}

  override async releaseMigrationLock(): Promise<void> {}
}

/**
 * Knows the tables of the schema that the ledger is in, by name. Kysely's own reads every table of the database, and fails
 * when somebody drops one of another schema meanwhile.
 */
class LedgerIntrospector implements DatabaseIntrospector {
  readonly #db: Kysely<unknown>;

  constructor(db: Kysely<unknown>) {
    this.#db = db;
  }

  async getSchemas() {
    const { rows } = await sql<{ name: string }>`select current_schema() as name`.execute(this.#db);
    return rows;
  }

  async getTables(): Promise<TableMetadata[]> {
    const { rows } = await sql<{ name: string; schema: string }>`
      select tablename as name, schemaname as schema from pg_tables where schemaname = current_schema()`.execute(
      this.#db,
    );
    return rows.map((row) => ({ ...row, isView: false, isForeign: false, columns: [] }));
  }

  async getMetadata() {
    return { tables: await this.getTables() };
  }
}

/** Names the lock of those who change the ledger's schema. */
const SCHEMA_LOCK = 7_241_965_521;

/** Held to the end of the transaction: a pooler in between would give a session's lock away. */
const lockSchema = ` select pg_advisory_xact_lock(${SCHEMA_LOCK})`;

/** Kysely's PostgreSQL over a pool. With `changesSchema`, transactions of several processes go one after the other. */
export class LedgerPostgresDialect implements Dialect {
  readonly #pool: Pool;
  readonly #address: PostgresAddress;
  readonly #changesSchema: boolean;

  constructor(pool: Pool, address: PostgresAddress, { changesSchema = false } = {}) {
    this.#pool = pool;
    this.#address = address;
    this.#changesSchema = changesSchema;
  }

  createDriver(): Driver {
    return new LedgerPostgresDriver(this.#pool, this.#address, this.#changesSchema ? lockSchema : '');
  }

  createAdapter(): DialectAdapter {
    return new LedgerPostgresAdapter();
  }

  createQueryCompiler(): QueryCompiler {
    return new PostgresQueryCompiler();
  }

  createIntrospector(db: Kysely<unknown>): DatabaseIntrospector {
    return new LedgerIntrospector(db);
  }
}
