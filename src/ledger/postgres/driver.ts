import {
  CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from 'kysely';
import type { Pool, PoolClient } from 'pg';
import type { PostgresAddress } from './address.ts';
import { isOutOfReach, OutOfReach } from './trouble.ts';

/** More than any count or amount; what an upstream may claim beyond it has no place in 64 bits. */
const MOST = 2 ** 53;

/** Values as PostgreSQL can keep them: its text has no NUL. Half of a surrogate pair becomes U+FFFD on the wire. */
function keepable(value: unknown): unknown {
  if (typeof value === 'string') return value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value;
  if (typeof value === 'number') return Math.max(-MOST, Math.min(MOST, value));
  return value;
}

const affected = (rows: number) => ({ numAffectedRows: BigInt(rows) });

class PostgresConnection implements DatabaseConnection {
  readonly #client: PoolClient;
  readonly #address: PostgresAddress;
  /** Why nothing more can be asked over it. */
  #broken: OutOfReach | undefined;

  constructor(client: PoolClient, address: PostgresAddress) {
    this.#client = client;
    this.#address = address;
    client.on('error', this.#onError);
  }

  readonly #onError = (error: Error) => {
    this.#broken ??= new OutOfReach(this.#address.shown, error);
  };

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#broken !== undefined) throw this.#broken;
    try {
      const { command, rowCount, rows } = await this.#client.query(sql, parameters.map(keepable));
      const changed = rowCount === null || rowCount === undefined || command === 'SELECT' ? {} : affected(rowCount);
      return { rows: rows ?? [], ...changed };
    } catch (error) {
      if (!isOutOfReach(error)) throw error;
      throw (this.#broken ??= new OutOfReach(this.#address.shown, error));
    }
  }

  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    yield* [];
    throw new Error('nothing of the ledger is streamed');
  }

  release(): void {
    this.#client.off('error', this.#onError);
    this.#client.release(this.#broken);
  }
}

/** Kysely's driver over a pool, with a limit to every wait. */
export class LedgerPostgresDriver implements Driver {
  readonly #pool: Pool;
  readonly #address: PostgresAddress;
  readonly #begin: string;
  readonly #connections = new WeakMap<DatabaseConnection, PostgresConnection>();

  /** `inTransaction` is done at the begin of each transaction. */
  constructor(pool: Pool, address: PostgresAddress, inTransaction = '') {
    this.#pool = pool;
    this.#address = address;
    const limit = address.statementTimeout;
    // One round trip, and local to the transaction: a pooler in between gives the next one another session. The limits
    // free what a host holds that has gone without a word.
    this.#begin = `begin; set local statement_timeout = ${limit}; set local idle_in_transaction_session_timeout = ${limit};${inTransaction}`;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    try {
      const connection = new PostgresConnection(await this.#pool.connect(), this.#address);
      this.#connections.set(connection, connection);
      return connection;
    } catch (error) {
      throw isOutOfReach(error) ? new OutOfReach(this.#address.shown, error) : error;
    }
  }

  async beginTransaction(connection: DatabaseConnection, _settings: TransactionSettings): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw(this.#begin));
  }

  async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(connection: DatabaseConnection): Promise<void> {
    this.#connections.get(connection)?.release();
  }

  async destroy(): Promise<void> {
    await this.#pool.end();
  }
}
