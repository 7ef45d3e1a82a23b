import { sql, type Kysely } from 'kysely';
import type { Clock } from '../../clock.ts';
import type { LedgerSchema } from '../schema.ts';
import { isConflict } from './trouble.ts';
import { monthOf, monthsOf, parseMonth, type Month } from './months.ts';

/** The tables that have a partition per month, in the order in which a batch writes them, and what they are divided by. */
const TABLES = { requests: 'id', decisions: 'id', prompts: 'id', attempts: 'request_id', feedback: 'id' } as const;
const NAMES = ['requests', 'decisions', 'prompts', 'attempts', 'feedback'] as const;

/** Those who make and drop partitions go one after the other. */
const PARTITION_LOCK = 7_241_965_522;
/** A change that others' queries are in the way of is put off: they must not queue behind it, milliseconds. */
const LOCK_MS = 2000;
/** After a month that could not be made, milliseconds. */
const RETRY_MS = 60_000;
/** Sources that have said nothing for so long are forgotten, milliseconds. */
const FORGET_MS = 365 * 86_400_000;

type Db = Kysely<LedgerSchema>;

/** Months that a table has partitions for, oldest first. */
async function monthsIn(db: Db, table: string): Promise<Month[]> {
  const { rows } = await sql<{ name: string }>`
    select child.relname as name from pg_inherits join pg_class child on child.oid = inhrelid
    where inhparent = ${table}::regclass order by 1`.execute(db);
  return rows.flatMap((row) => parseMonth(row.name) ?? []);
}

async function has(db: Db, table: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`select to_regclass(${table}) is not null as found`.execute(db);
  return rows[0]?.found === true;
}

/** Makes one table's partition, with the rows of its month that had to go elsewhere until now. */
async function makePartition(db: Db, table: (typeof NAMES)[number], { name, from, to }: Month): Promise<void> {
  const partition = `${table}_${name}`;
  if (await has(db, partition)) return;
  const key = sql.ref(TABLES[table]);
  const rest = sql.table(`${table}_default`);
  await sql`lock table ${rest} in access exclusive mode`.execute(db);
  await sql`create table ${sql.table(partition)} (like ${sql.table(table)} including all)`.execute(db);
  await sql`
    with moved as (delete from ${rest} where ${key} >= ${from} and ${key} < ${to} returning *)
    insert into ${sql.table(partition)} select * from moved`.execute(db);
  // Attached rather than made as a partition: that locks out nobody who reads or writes the others.
  await sql`
    alter table ${sql.table(table)} attach partition ${sql.table(partition)}
    for values from (${sql.lit(from)}) to (${sql.lit(to)})`.execute(db);
}

/** One change to the partitions at a time, over all processes. */
function changing<T>(db: Db, work: (trx: Db) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${sql.lit(PARTITION_LOCK)})`.execute(trx);
    await sql.raw(`set local lock_timeout = ${LOCK_MS}`).execute(trx);
    return work(trx);
  });
}

/** Drops a month in which nothing is in flight; returns about how many requests went with it, 0 when it stays. */
async function dropMonth(db: Db, { name }: Month): Promise<number> {
  const there: string[] = [];
  for (const table of NAMES) if (await has(db, `${table}_${name}`)) there.push(`${table}_${name}`);
  for (const table of there) await sql`lock table ${sql.table(table)} in access exclusive mode`.execute(db);
  const requests = `requests_${name}`;
  let gone = 1;
  if (there.includes(requests)) {
    const { rows } = await sql<{ open: boolean; size: number }>`
      select exists (select 1 from ${sql.table(requests)} where status is null) as open,
        (select reltuples from pg_class where oid = ${requests}::regclass) as size`.execute(db);
    if (rows[0]?.open === true) return 0;
    gone = Math.max(1, Math.round(rows[0]?.size ?? 0));
  }
  for (const table of there) await sql`drop table ${sql.table(table)}`.execute(db);
  return there.length === 0 ? 0 : gone;
}

/** A partition per month and big table. What has none goes to the default one, so that no row ever fails. */
export interface Partitions {
  /** Makes the partitions of these ids, of this month and of the next. */
  makeRoom(ids: Iterable<string>): Promise<void>;
  /** Drops months that ended before `before`; returns about how many requests went. */
  dropBefore(before: number): Promise<number>;
}

export function createPartitions(db: Db, clock: Clock): Partitions {
  const known = new Set<string>();
  let notBefore = Number.NEGATIVE_INFINITY;

  const make = async (months: readonly Month[]) => {
    // The table that came last has the fewest.
    for (const month of await monthsIn(db, 'prompts')) known.add(month.name);
    for (const month of months) {
      if (known.has(month.name)) continue;
      await changing(db, async (trx) => {
        for (const table of NAMES) await makePartition(trx, table, month);
      });
      known.add(month.name);
    }
  };

  return {
    async makeRoom(ids) {
      const now = clock.now();
      const months = monthsOf(ids, now);
      for (const month of [monthOf(now), monthOf(now, 1)]) months.set(month.name, month);
      const missing = [...months.values()].filter((month) => !known.has(month.name));
      if (missing.length === 0 || clock.elapsed() < notBefore) return;
      try {
        await make(missing);
      } catch {
        // Until then the rows go to the default partitions, from where they are moved when it succeeds.
        notBefore = clock.elapsed() + RETRY_MS;
      }
    },
    async dropBefore(before) {
      await sql`delete from positions where updated_at < ${before - FORGET_MS}`.execute(db);
      let gone = 0;
      for (const month of await monthsIn(db, 'requests')) {
        if (month.end > before) continue;
        try {
          gone += await changing(db, (trx) => dropMonth(trx, month));
        } catch (error) {
          // The next time, when nobody reads it.
          if (!isConflict(error)) throw error;
        }
        known.delete(month.name);
      }
      return gone;
    },
  };
}
