import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type Driver,
  type TransactionSettings,
} from 'kysely';
import type { SqliteDatabase } from './sqlite.ts';

class LedgerDriver extends SqliteDriver {
  /** A write takes its lock at once: a lock that is taken half-way cannot be waited for. */
  override async beginTransaction(connection: DatabaseConnection, settings?: TransactionSettings): Promise<void> {
    const begin = settings?.accessMode === 'read only' ? 'begin' : 'begin immediate';
    await connection.executeQuery(CompiledQuery.raw(begin));
  }
}

class LedgerAdapter extends SqliteAdapter {
  /** SQLite can roll back DDL, so that two processes that migrate wait for each other. */
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

/** Kysely's SQLite dialect over either driver. */
export class LedgerSqliteDialect extends SqliteDialect {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    super({ database });
    this.#database = database;
  }

  override createDriver(): Driver {
    return new LedgerDriver({ database: this.#database });
  }

  override createAdapter(): SqliteAdapter {
    return new LedgerAdapter();
  }
}
