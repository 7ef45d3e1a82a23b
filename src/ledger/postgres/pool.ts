import type { CustomTypesConfig, Pool } from 'pg';
import type * as Pg from 'pg';
import { SignalboxError } from '../../errors.ts';
import type { PostgresAddress } from './address.ts';

/** One writes, the others read for whoever asks the management API. */
const CONNECTIONS = 4;
const IDLE_MS = 30_000;
const INT8 = 20;

/** The driver's module. */
export type Driver = typeof Pg;

/**
 * Loads `pg`, which only a ledger in PostgreSQL needs.
 * @throws `storage_unavailable` when it is not installed
 */
export async function loadPg(): Promise<Driver> {
  try {
    return await import('pg');
  } catch (cause) {
    throw new SignalboxError(
      'storage_unavailable',
      'storage.url names PostgreSQL and its driver "pg" did not load; run "npm install pg" beside signalbox',
      { cause },
    );
  }
}

/** The driver's own readers, but for integers of 64 bits, which a number does not hold. */
function readers({ TypeOverrides }: Driver): CustomTypesConfig {
  const types = new TypeOverrides();
  types.setTypeParser(INT8, BigInt);
  return types;
}

/** Connections that are opened when they are needed, and that no process stays alive for. Integers are read as `bigint`. */
export function createPool(pg: Driver, address: PostgresAddress): Pool {
  const pool = new pg.Pool({
    connectionString: address.connection,
    application_name: 'signalbox',
    max: CONNECTIONS,
    connectionTimeoutMillis: address.connectTimeout,
    // The driver's own timer: a server that says nothing keeps no limit.
    query_timeout: address.statementTimeout,
    idleTimeoutMillis: IDLE_MS,
    allowExitOnIdle: true,
    keepAlive: true,
    types: readers(pg),
  });
  // A connection that breaks while nobody uses it is gone from the pool; the next one who asks meets what is wrong.
  pool.on('error', () => {});
  return pool;
}
