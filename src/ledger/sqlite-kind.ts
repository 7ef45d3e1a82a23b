import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { SignalboxError } from '../errors.ts';
import { deferStore } from './deferred-store.ts';
import { makeFolder } from './folder.ts';
import { MIGRATION_NAMES, MIGRATION_TABLE } from './migrations/names.ts';
import { keepFromOthers } from './own-file.ts';
import { pickSqlite, type SqliteDatabase } from './sqlite.ts';
import type { StoreKind } from './store-kind.ts';

const BUSY_MS = 1000;

const MEMORY = 'memory:';
const FILE = /^file:(?:\/\/(?=\/))?(.+)$/;

function unavailable(url: string, cause: unknown): SignalboxError {
  if (SignalboxError.is(cause)) return cause;
  const why = cause instanceof Error ? cause.message : String(cause);
  const advice = /locked|busy/i.test(why)
    ? 'another process holds its lock: stop that one, or set storage.url to another file'
    : /not a database|malformed/i.test(why)
      ? 'the file is damaged or something else: move it away (a new one is made) or set storage.url to another file'
      : 'make the folder writable for this user, or set storage.url to another file';
  return new SignalboxError('storage_unavailable', `the ledger "${url}" cannot be opened: ${why}; ${advice}`, {
    cause,
  });
}

/** Opens the file for this user alone; SQLite gives its companions the same rights. */
function prepareFile(path: string): void {
  if (path === ':memory:') return;
  makeFolder(dirname(path));
  closeSync(openSync(path, 'a', 0o600));
  for (const companion of ['', '-wal', '-shm']) keepFromOthers(path + companion);
}

function configure(database: SqliteDatabase, busyTimeout: number): void {
  database.exec(`pragma busy_timeout = ${busyTimeout}`);
  database.exec('pragma journal_mode = wal');
  // The journal has what a power loss takes from the write-ahead log.
  database.exec('pragma synchronous = normal');
  // What is deleted is written over: else it stays in the file until its place is needed.
  database.exec('pragma secure_delete = on');
}

/** Whether the file has exactly this version's schema; whatever else it has is for the migrations to judge. */
function isCurrent(database: SqliteDatabase): boolean {
  const rows = (sql: string) => database.prepare(sql).all([]);
  if (rows(`select 1 from sqlite_master where type = 'table' and name = '${MIGRATION_TABLE}'`).length === 0)
    return false;
  const known = MIGRATION_NAMES.map((name) => `'${name}'`).join(', ');
  const others = rows(`select 1 from ${MIGRATION_TABLE} where name not in (${known})`);
  return others.length === 0 && rows(`select 1 from ${MIGRATION_TABLE}`).length === MIGRATION_NAMES.length;
}

/** SQLite: a file of this machine, or its own memory. */
export const sqlite: StoreKind = {
  name: 'sqlite',
  form: 'file:<path> or memory:',
  takes: (url) => url === MEMORY || FILE.test(url),
  shown: (url) => url,
  async open(url, { clock, busyTimeout = BUSY_MS }) {
    const path = url === MEMORY ? ':memory:' : (FILE.exec(url)?.[1] ?? '');
    const open = await pickSqlite();
    let opened: SqliteDatabase | undefined;
    try {
      prepareFile(path);
      const database = open(path);
      opened = database;
      configure(database, busyTimeout);
      const load = async () => (await import('./sqlite-store.ts')).openSqliteStore(database, url, clock);
      return isCurrent(database) ? deferStore(database, load) : await load();
    } catch (error) {
      opened?.close();
      throw unavailable(url, error);
    }
  },
};
