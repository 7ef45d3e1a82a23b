import { sql, type Kysely, type Selectable } from 'kysely';
import type { Clock } from '../clock.ts';
import { createAppender, touch } from './append.ts';
import { entriesQuery, requestDecidedAs, requestOf } from './entries-query.ts';
import { decisionOf, feedbackOf, intentOf, outcomeOf, type StoredRequest } from './from-rows.ts';
import { allPrices, pricesOf } from './prices.ts';
import { readBooked } from './booked.ts';
import type { Outcome } from './record.ts';
import { repricePage } from './reprice.ts';
import { readPrompts } from './prompts.ts';
import { readLines } from './request-lines.ts';
import { createSqlAnswers } from './sql-answers.ts';
import { createSqlErasures } from './sql-erasures.ts';
import { createSqlKeyStore } from './sql-key-store.ts';
import type { AttemptsTable, FeedbackTable, LedgerSchema } from './schema.ts';
import type { SqlTraits } from './sql-traits.ts';
import type { LedgerEntry, Store } from './store.ts';
import { readUsage } from './usage-query.ts';

/** Rows that one call of `prune` deletes of each table, and requests that one batch of `interrupt` settles. */
const BATCH = 500;
/** Bytes of kept answers at most. */
const ANSWERS_CAP = 2 ** 30;

/** What recovery writes for a request whose process died: nobody knows what was spent, so the reserve is; without a price that is unknown too. */
function interruptedOutcome(row: StoredRequest, at: number): Outcome {
  return {
    kind: 'outcome',
    id: row.id,
    at,
    status: 'interrupted',
    httpStatus: 0,
    attempts: [],
    cost: row.reserve_nano,
    baselineCost: null,
    ms: Math.max(0, at - Number(row.at)),
    overheadMs: 0,
  };
}

function groupBy<T>(items: readonly T[], key: (item: T) => string | null): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item) ?? '';
    const known = groups.get(name);
    if (known === undefined) groups.set(name, [item]);
    else known.push(item);
  }
  return groups;
}

/** Whole entries of requests that have an intent. */
async function entriesOf(db: Kysely<LedgerSchema>, rows: readonly StoredRequest[]): Promise<LedgerEntry[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const decisionIds = rows.flatMap((row) => row.decision_id ?? []);
  const decisions = await db.selectFrom('decisions').selectAll().where('id', 'in', decisionIds).execute();
  const attempts = groupBy(
    await db.selectFrom('attempts').selectAll().where('request_id', 'in', ids).orderBy('n').execute(),
    (row: Selectable<AttemptsTable>) => row.request_id,
  );
  const prices = await pricesOf(
    db,
    [...attempts.values()].flat().map((row) => row.price),
  );
  const feedback = groupBy(
    await db.selectFrom('feedback').selectAll().where('decision_id', 'in', decisionIds).orderBy('id').execute(),
    (row: Selectable<FeedbackTable>) => row.decision_id,
  );
  const byId = new Map(decisions.map((row) => [row.id, row.record]));
  return rows.flatMap((row): LedgerEntry[] => {
    const decision = decisionOf(byId.get(row.decision_id ?? '') ?? '');
    const intent = decision === undefined ? undefined : intentOf(row, decision);
    if (intent === undefined) return [];
    const outcome = outcomeOf(row, attempts.get(row.id) ?? [], prices);
    return [
      {
        intent,
        ...(outcome === undefined ? {} : { outcome }),
        feedback: (feedback.get(row.decision_id ?? '') ?? []).map(feedbackOf),
      },
    ];
  });
}

/** Deletes the oldest rows of each table, prompts from before `promptsBefore`. Open requests stay. */
function pruneOnce(db: Kysely<LedgerSchema>, before: number, promptsBefore: number): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const old = await trx
      .selectFrom('requests')
      .select('id')
      .where('at', '<', BigInt(before))
      .where('status', 'is not', null)
      .orderBy('at')
      .limit(BATCH)
      .execute();
    const ids = old.map((row) => row.id);
    if (ids.length > 0) {
      await trx.deleteFrom('attempts').where('request_id', 'in', ids).execute();
      await trx.deleteFrom('requests').where('id', 'in', ids).execute();
    }
    let gone = ids.length;
    for (const table of ['decisions', 'prompts', 'feedback', 'repriced', 'erasures'] as const) {
      const limit = table === 'prompts' ? promptsBefore : before;
      const { numAffectedRows = 0n } = await sql`
        delete from ${sql.table(table)} where id in
          (select id from ${sql.table(table)} where at < ${limit} order by at limit ${BATCH})`.execute(trx);
      gone += Number(numAffectedRows);
    }
    return gone;
  });
}

/** Sources that have said nothing for `silence` milliseconds and have requests in flight. */
async function silentSources(db: Kysely<LedgerSchema>, { now }: SqlTraits, silence: number): Promise<string[]> {
  const { rows } = await sql<{ source: string }>`
    select source from positions where updated_at < ${now()} - ${sql.lit(silence)}
      and exists (select 1 from requests where requests.source = positions.source and status is null)`.execute(db);
  return rows.map((row) => row.source);
}

/** The ledger's queries over a migrated database. */
export function createSqlStore(db: Kysely<LedgerSchema>, traits: SqlTraits, clock: Clock): Store {
  const append = createAppender(db, traits, clock);
  const answers = createSqlAnswers(db, clock, ANSWERS_CAP);
  return {
    driver: traits.driver,
    shared: traits.shared,
    keys: createSqlKeyStore(db),
    answers,
    erasures: createSqlErasures(db, traits),
    append: (records, origin) => append(records, origin),
    async position(source) {
      const row = await db.selectFrom('positions').selectAll().where('source', '=', source).executeTakeFirst();
      return row === undefined ? undefined : { segment: row.segment, offset: Number(row.byte_offset) };
    },
    async forget(source) {
      await db.deleteFrom('positions').where('source', '=', source).execute();
    },
    beat: (source) => touch(db, source, traits),
    silent: (silence) => silentSources(db, traits, silence),
    async interrupt(source, before) {
      let settled = 0;
      for (;;) {
        const rows = await db
          .selectFrom('requests')
          .selectAll()
          .where('source', '=', source)
          .where('status', 'is', null)
          .where('at', '<', BigInt(before))
          .limit(BATCH)
          .execute();
        if (rows.length === 0) return settled;
        await append(rows.map((row) => interruptedOutcome(row, clock.now())));
        settled += rows.length;
      }
    },
    prices: () => allPrices(db),
    lines: (filter) => readLines(db, filter),
    reprice: (filter, prices) => repricePage(db, filter, prices, { locksRows: traits.locksRows, now: clock.now() }),
    booked: (filter) => readBooked(db, filter),
    async entry(id) {
      const rows = await requestOf(db, id).execute();
      return (await entriesOf(db, rows.length > 0 ? rows : await requestDecidedAs(db, id).execute()))[0];
    },
    prompts: (filter) => readPrompts(db, filter),
    entries: async (filter) => entriesOf(db, await entriesQuery(db, filter).execute()),
    usage: (filter) => readUsage(db, filter, clock.now()),
    prune: async (before, promptsBefore = before) =>
      ((await traits.dropBefore?.(before)) ?? 0) +
      (await pruneOnce(db, before, Math.max(before, promptsBefore))) +
      (await answers.expire()),
    close: () => db.destroy(),
  };
}
