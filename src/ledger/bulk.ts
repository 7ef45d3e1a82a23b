import { CompiledQuery, sql, type Kysely, type RawBuilder } from 'kysely';
import type { LedgerSchema } from './schema.ts';
import type { Cell } from './sqlite.ts';

/** A row by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Writes many rows with few statements; returns how many were written. */
export type Bulk = (db: Kysely<LedgerSchema>, rows: readonly Row[]) => Promise<number>;

/** Rows per statement; each size is compiled once, the last one takes what is left over. */
const SIZES = [128, 64, 32, 16, 8, 4, 2, 1] as const;

/** What to do with a row whose key is there: a clause after `insert into … values …`. */
export type OnConflict = RawBuilder<unknown>;

/** Leaves the row that is there. */
export const keepOld: OnConflict = sql`on conflict do nothing`;

/** Writes `columns` over the row that is there. */
export function overwrite(key: readonly string[], columns: readonly string[]): OnConflict {
  const set = columns
    .filter((name) => !key.includes(name))
    .map((name) => sql`${sql.ref(name)} = ${sql.ref(`excluded.${name}`)}`);
  return sql`on conflict (${refs(key)}) do update set ${sql.join(set)}`;
}

/** Adds `columns` to the row that is there. */
export function addUp(table: string, key: readonly string[], columns: readonly string[]): OnConflict {
  const set = columns.map(
    (name) => sql`${sql.ref(name)} = ${sql.ref(`${table}.${name}`)} + ${sql.ref(`excluded.${name}`)}`,
  );
  return sql`on conflict (${refs(key)}) do update set ${sql.join(set)}`;
}

function refs(names: readonly string[]) {
  return sql.join(names.map((name) => sql.ref(name)));
}

function isCell(value: unknown): value is Cell {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
}

/** Inserts rows into `table` by their `columns`. Kysely compiles a text per size once, not one per row. */
export function createBulk(table: string, columns: readonly string[], onConflict: OnConflict): Bulk {
  const texts = new Map<number, string>();
  const textOf = (db: Kysely<LedgerSchema>, size: number): string => {
    let text = texts.get(size);
    if (text === undefined) {
      const row = sql`(${sql.join(columns.map(() => sql.val(null)))})`;
      const values = sql.join(Array.from({ length: size }, () => row));
      text = sql`insert into ${sql.table(table)} (${refs(columns)}) values ${values} ${onConflict}`.compile(db).sql;
      texts.set(size, text);
    }
    return text;
  };
  const cellsOf = (rows: readonly Row[]): Cell[] => {
    const cells: Cell[] = [];
    for (const row of rows) {
      for (const name of columns) {
        const value = row[name];
        if (!isCell(value)) throw new TypeError(`column ${table}.${name} has no value`);
        cells.push(value);
      }
    }
    return cells;
  };
  return async (db, rows) => {
    let done = 0;
    let written = 0;
    for (const size of SIZES) {
      while (rows.length - done >= size) {
        const parameters = cellsOf(rows.slice(done, done + size));
        const { numAffectedRows = 0n } = await db.executeQuery(CompiledQuery.raw(textOf(db, size), parameters));
        written += Number(numAffectedRows);
        done += size;
      }
    }
    return written;
  };
}
