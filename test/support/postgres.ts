import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** The PostgreSQL that tests may make schemas in; `scripts/services` starts one. */
export const POSTGRES = process.env['SIGNALBOX_TEST_POSTGRES'] ?? 'postgres://postgres@127.0.0.1:5432/test';

type Row = Record<string, unknown>;

async function ask(sql: string, schema?: string): Promise<Row[]> {
  const options = schema === undefined ? {} : { options: `-c search_path=${schema}` };
  const client = new pg.Client({ connectionString: POSTGRES, connectionTimeoutMillis: 2000, ...options });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** A schema of its own for one test. */
export interface TestSchema {
  readonly name: string;
  /** A `storage.url` whose tables are there. */
  readonly url: string;
  /** Asks in it. */
  ask(sql: string): Promise<Row[]>;
  drop(): Promise<void>;
}

/** Whether there is a PostgreSQL; says what is skipped when there is none. */
export async function hasPostgres(suite: string): Promise<boolean> {
  try {
    await ask('select 1');
    return true;
  } catch (error) {
    const { host } = new URL(POSTGRES);
    const why = error instanceof Error ? error.message : String(error);
    console.warn(`skipped: ${suite}. No PostgreSQL at ${host} (${why}); scripts/services starts one`);
    return false;
  }
}

/** Creates a schema; the URL may lead to another port, where something stands in between. */
export async function createSchema(port?: number): Promise<TestSchema> {
  const name = `signalbox_${randomBytes(6).toString('hex')}`;
  await ask(`create schema ${name}`);
  const url = new URL(POSTGRES);
  if (port !== undefined) {
    url.hostname = '127.0.0.1';
    url.port = String(port);
  }
  url.searchParams.set('options', `-c search_path=${name}`);
  return {
    name,
    // As a person would write it: a space is not a plus sign there.
    url: url.href.replaceAll('+', '%20'),
    ask: (sql) => ask(sql, name),
    drop: async () => void (await ask(`drop schema ${name} cascade`)),
  };
}
