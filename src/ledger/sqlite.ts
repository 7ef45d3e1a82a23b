import { SignalboxError } from '../errors.ts';

/** What SQLite takes as a parameter here. Flags are 0 and 1, JSON is text. */
export type Cell = string | number | bigint | null;

/** A compiled statement, in the shape that Kysely's SQLite driver calls. Integers are read as `bigint`. */
export interface SqliteStatement {
  /** True when it gives rows. */
  readonly reader: boolean;
  all(parameters: readonly unknown[]): unknown[];
  run(parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(parameters: readonly unknown[]): IterableIterator<unknown>;
}

/** An open database of either driver. Statements are compiled once per text. */
export interface SqliteDatabase {
  readonly driver: SqliteDriverName;
  prepare(sql: string): SqliteStatement;
  exec(sql: string): void;
  close(): void;
}

export type SqliteDriverName = 'node:sqlite' | 'better-sqlite3';

/** Opens a database file, or `:memory:`. */
export type OpenSqlite = (path: string) => SqliteDatabase;

type Prepare = (sql: string) => SqliteStatement;

const CACHED_STATEMENTS = 200;

/** Keeps compiled statements; the store asks for few different texts, so that the cache is simply emptied when it is full. */
function cached(prepare: Prepare): Prepare {
  const statements = new Map<string, SqliteStatement>();
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      if (statements.size >= CACHED_STATEMENTS) statements.clear();
      statement = prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}

/** The part of `node:sqlite` used here, written down because Node 20's types do not have it. */
interface NodeStatement {
  setReadBigInts(on: boolean): void;
  all(...parameters: readonly unknown[]): unknown[];
  run(...parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  iterate(...parameters: readonly unknown[]): IterableIterator<unknown>;
}
interface NodeDatabase {
  prepare(sql: string): NodeStatement;
  exec(sql: string): void;
  close(): void;
}
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => NodeDatabase;
}

function isNodeSqlite(value: unknown): value is NodeSqlite {
  return (
    typeof value === 'object' && value !== null && 'DatabaseSync' in value && typeof value.DatabaseSync === 'function'
  );
}

/** Loads `node:sqlite` without the warning that it is experimental: which driver runs is shown by `doctor`. */
function loadNodeSqlite(): NodeSqlite | undefined {
  const emit = process.emitWarning;
  process.emitWarning = () => {};
  try {
    const module: unknown = process.getBuiltinModule('node:sqlite');
    return isNodeSqlite(module) ? module : undefined;
  } finally {
    process.emitWarning = emit;
  }
}

const GIVES_ROWS = /^\s*(?:select|with|pragma|values|explain)\b|\breturning\b/i;

function nodeSqlite(module: NodeSqlite): OpenSqlite {
  return (path) => {
    const database = new module.DatabaseSync(path);
    return {
      driver: 'node:sqlite',
      prepare: cached((sql) => {
        const statement = database.prepare(sql);
        statement.setReadBigInts(true);
        return {
          reader: GIVES_ROWS.test(sql),
          all: (parameters) => statement.all(...parameters),
          run: (parameters) => statement.run(...parameters),
          iterate: (parameters) => statement.iterate(...parameters),
        };
      }),
      exec: (sql) => database.exec(sql),
      close: () => database.close(),
    };
  };
}

async function loadBetterSqlite(): Promise<OpenSqlite> {
  const { default: Database } = await import('better-sqlite3');
  return (path) => {
    const database = new Database(path);
    database.defaultSafeIntegers(true);
    return {
      driver: 'better-sqlite3',
      prepare: cached((sql) => database.prepare(sql)),
      exec: (sql) => void database.exec(sql),
      close: () => void database.close(),
    };
  };
}

/**
 * Picks a SQLite driver: Node's own where there is one, else better-sqlite3.
 * @throws `storage_unavailable` when there is neither.
 */
export async function pickSqlite(): Promise<OpenSqlite> {
  const module = loadNodeSqlite();
  if (module !== undefined) return nodeSqlite(module);
  try {
    return await loadBetterSqlite();
  } catch (cause) {
    throw new SignalboxError(
      'storage_unavailable',
      `no SQLite driver: Node ${process.versions.node} has none of its own and better-sqlite3 did not load; use Node 22.13 or later, or run "npm install better-sqlite3" (it needs a C++ compiler)`,
      { cause },
    );
  }
}
