import { sql, type Kysely } from 'kysely';
import { withoutQuery, type Erasure, type ErasureStore, type ForgottenPage } from './erasure.ts';
import { decisionOf } from './from-rows.ts';
import type { LedgerSchema } from './schema.ts';
import type { SqlTraits } from './sql-traits.ts';
import { indexed } from './to-rows.ts';

/** Requests, or scores, of one page. */
const PAGE = 200;
/** How often a page is tried again that other writers were in the way of. */
const TRIES = 5;

type Db = Kysely<LedgerSchema>;
type Filter = Parameters<ErasureStore['requests']>[0];

/** A request that is to be forgotten, as it was. */
interface Row {
  readonly id: string;
  readonly at: bigint;
  readonly decision_id: string | null;
  readonly session: string | null;
  readonly key_id: string | null;
  readonly forgotten_at: bigint | null;
}

/** Wishes to forget that may concern records since a time. */
export async function erasuresAfter(db: Db, since: number): Promise<Erasure[]> {
  return listed(
    db
      .selectFrom('erasures')
      .selectAll()
      .where('until', '>', BigInt(Math.floor(since))),
  );
}

async function listed(query: ReturnType<typeof all>): Promise<Erasure[]> {
  const rows = await query.orderBy('id').execute();
  return rows.map(({ id, at, until, key_id, session, user_id }) => ({
    id,
    at: Number(at),
    until: Number(until),
    key: key_id ?? undefined,
    session: session ?? undefined,
    user: user_id ?? undefined,
  }));
}

const all = (db: Db) => db.selectFrom('erasures').selectAll();

/** Those of names in the order of their ids, which their indexes have; those of a time in its order. */
function pageOf(db: Db, filter: Filter, after: ForgottenPage['next'], locks: boolean): Promise<Row[]> {
  const { key, session, user, until } = filter;
  const named = key !== undefined || session !== undefined || user !== undefined;
  let query = db
    .selectFrom('requests')
    .select(['id', 'at', 'decision_id', 'session', 'key_id', 'forgotten_at'])
    .where('at', '<', BigInt(until))
    .limit(PAGE);
  if (key !== undefined) query = query.where('key_id', '=', key);
  if (session !== undefined) query = query.where('session', '=', indexed(session));
  if (user !== undefined) query = query.where('user_id', '=', indexed(user));
  if (named) query = after === undefined ? query : query.where('id', '>', after.id);
  else if (after !== undefined) {
    query = query
      .where('at', '>=', BigInt(after.at))
      .where((is) => is.or([is('at', '>', BigInt(after.at)), is('id', '>', after.id)]));
  }
  const page = named ? query.orderBy('id') : query.orderBy('at').orderBy('id');
  return (locks ? page.forUpdate() : page).execute();
}

/** Takes out of decisions what was read of their requests. */
async function forgetDecisions(db: Db, ids: readonly string[]): Promise<void> {
  const rows = await db.selectFrom('decisions').select(['id', 'record']).where('id', 'in', ids).orderBy('id').execute();
  for (const { id, record } of rows) {
    const decision = decisionOf(record);
    const rest = decision === undefined ? {} : { record: JSON.stringify(withoutQuery(decision)) };
    await db
      .updateTable('decisions')
      .set({ ...rest, session: null })
      .where('id', '=', id)
      .execute();
  }
}

/** Feedback that says something beside its score. */
const spoken = sql<boolean>`(comment is not null or session is not null)`;

function sessionsOf(rows: readonly Row[]): ForgottenPage['sessions'] {
  const named = new Map<string, ForgottenPage['sessions'][number]>();
  for (const { session, key_id: key } of rows) {
    if (session !== null) named.set(`${key ?? ''} ${session}`, { session, ...(key === null ? {} : { key }) });
  }
  return [...named.values()];
}

/** What was said of these decisions, and of the sessions that they were made in. */
async function forgetFeedback(db: Db, rows: readonly Row[], { until }: Filter): Promise<number> {
  const decisions = rows.flatMap((row) => row.decision_id ?? []);
  const { numUpdatedRows } = await db
    .updateTable('feedback')
    .set({ comment: null, session: null })
    .where('at', '<', BigInt(until))
    .where(spoken)
    .where((is) =>
      is.or([
        ...(decisions.length === 0 ? [] : [is('decision_id', 'in', decisions)]),
        ...sessionsOf(rows).map(({ session, key = null }) =>
          is.and([is('session', '=', session), key === null ? is('key_id', 'is', null) : is('key_id', '=', key)]),
        ),
      ]),
    )
    .executeTakeFirstOrThrow();
  return Number(numUpdatedRows);
}

/** Takes out what was said of decisions whose requests came late and are forgotten. */
export async function forgetSaid(db: Db, decisions: ReadonlyMap<string, number>): Promise<void> {
  for (const [id, at] of decisions) {
    await db
      .updateTable('feedback')
      .set({ comment: null, session: null })
      .where('decision_id', '=', id)
      .where('at', '<', BigInt(at))
      .execute();
  }
}

/** Forgets what hangs on some requests; money, models, times and tokens stay. */
async function forgetRows(db: Db, rows: readonly Row[], filter: Filter) {
  const ids = rows.map((row) => row.id);
  const known = rows.filter((row) => row.forgotten_at === null);
  if (known.length > 0) {
    await db
      .updateTable('requests')
      .set({ session: null, user_id: null, forgotten_at: BigInt(filter.at) })
      .where(
        'id',
        'in',
        known.map((row) => row.id),
      )
      .execute();
    const decisions = known.flatMap((row) => row.decision_id ?? []);
    if (decisions.length > 0) await forgetDecisions(db, decisions);
  }
  const prompts = await db.deleteFrom('prompts').where('id', 'in', ids).executeTakeFirstOrThrow();
  await db
    .updateTable('attempts')
    .set({ error: null })
    .where('request_id', 'in', ids)
    .where('error', 'is not', null)
    .execute();
  const feedback = await forgetFeedback(db, rows, filter);
  return { requests: known.length, prompts: Number(prompts.numDeletedRows), feedback };
}

/** Prompts and names in a migrated database. */
export function createSqlErasures(db: Db, traits: SqlTraits): ErasureStore {
  const inTransaction = async <T>(work: (trx: Db) => Promise<T>): Promise<T> => {
    for (let left = TRIES; ; left--) {
      try {
        return await db.transaction().execute(work);
      } catch (error) {
        if (left === 0 || !traits.isConflict(error)) throw error;
      }
    }
  };
  return {
    add: ({ id, at, until, key, session, user }) =>
      inTransaction(async (trx) => {
        // Whoever stores records has read the table before: waits until that is done, and lets nobody read it until this is.
        if (traits.locksRows) await sql`lock table erasures in access exclusive mode`.execute(trx);
        const names = { key_id: key ?? null, session: session ?? null, user_id: user ?? null };
        await trx
          .insertInto('erasures')
          .values({ id, at: BigInt(at), until: BigInt(until), ...names })
          .execute();
      }),
    scrub: async () => traits.scrub?.(),
    list: (after) => listed(after === undefined ? all(db) : all(db).where('id', '>', after)),
    requests: (filter, after) =>
      inTransaction(async (trx) => {
        const rows = await pageOf(trx, filter, after, traits.locksRows);
        if (rows.length === 0) return { requests: 0, prompts: 0, feedback: 0, sessions: [] };
        const done = await forgetRows(trx, rows, filter);
        const last = rows.length < PAGE ? undefined : rows.at(-1);
        return {
          ...done,
          sessions: sessionsOf(rows),
          ...(last === undefined ? {} : { next: { at: Number(last.at), id: last.id } }),
        };
      }),
    feedback: (filter) =>
      inTransaction(async (trx) => {
        const { key, session, user, until } = filter;
        // Whose end user a score is of only its decision's request says.
        if (user !== undefined) return 0;
        let query = trx.selectFrom('feedback').select('id').where('at', '<', BigInt(until)).where(spoken).limit(PAGE);
        if (key !== undefined) query = query.where('key_id', '=', key);
        if (session !== undefined) query = query.where('session', '=', indexed(session));
        const { numUpdatedRows } = await trx
          .updateTable('feedback')
          .set({ comment: null, session: null })
          .where('id', 'in', query.orderBy('id'))
          .executeTakeFirstOrThrow();
        return Number(numUpdatedRows);
      }),
  };
}
