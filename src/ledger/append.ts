import { CompiledQuery, sql, type Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { createBulk, keepOld, overwrite, type Row } from './bulk.ts';
import { covers } from './erasure.ts';
import type { StoredRequest } from './from-rows.ts';
import { heard, readForgetting, withoutNames, type Forgetting } from './late-forgetting.ts';
import { priceRow } from './prices.ts';
import type { Intent, Outcome, Rec } from './record.ts';
import { createRollupBulk, createRollupChanges, isSettled } from './rollup.ts';
import type { LedgerSchema } from './schema.ts';
import { forgetSaid } from './sql-erasures.ts';
import type { SqlTraits } from './sql-traits.ts';
import type { Position } from './store.ts';
import {
  attemptRow,
  decisionRow,
  emptyRow,
  feedbackRow,
  indexed,
  intentColumns,
  outcomeColumns,
  promptRow,
  type RequestRow,
} from './to-rows.ts';

/** A request as it was stored before a batch, and as it is after. */
interface Draft {
  readonly before: RequestRow | undefined;
  readonly row: RequestRow;
  changed: boolean;
}

/** Ids per look-up; the list is padded to it, so that one statement serves every batch. */
const LOOKUP = 128;

const COLUMNS = Object.keys(emptyRow('', '', 0));

const ATTEMPT_COLUMNS = Object.keys(
  attemptRow('', 0, { model: '', upstream: '', provider: '', startedAt: 0, ms: 0, cost: null }),
);

const PROMPT_COLUMNS = ['id', 'at', 'session', 'key_id', 'version', 'features', 'body', 'cut'];

/** Rows of one batch by table. */
interface Batch {
  readonly drafts: Map<string, Draft>;
  readonly decisions: Row[];
  readonly prompts: Row[];
  readonly attempts: Row[];
  readonly prices: Map<string, Row>;
  readonly feedback: Row[];
}

/** By their keys, so that two writers never wait for each other's rows. */
function rowsInOrder(rows: ReadonlyMap<string, Row>): Row[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

function draftOf(batch: Batch, id: string, source: string, at: number): Draft {
  let draft = batch.drafts.get(id);
  if (draft === undefined) {
    draft = { before: undefined, row: emptyRow(id, source, at), changed: false };
    batch.drafts.set(id, draft);
  }
  return draft;
}

/** An outcome counts once; only a request that recovery gave up may still get its true one. */
function takesOutcome(row: RequestRow, outcome: Outcome): boolean {
  return row.status === null || (row.status === 'interrupted' && outcome.status !== 'interrupted');
}

function isFallback(row: RequestRow): boolean {
  return Number(row.answered) === 1 && Number(row.cached) === 0 && row.chosen !== null && row.model !== row.chosen;
}

function takeIntent(batch: Batch, given: Intent, row: RequestRow, source: string, forgetting: Forgetting): boolean {
  const erasure = forgetting.erasures.find((each) => covers(each, { at: given.at, ...given.request }));
  const intent = erasure === undefined ? given : withoutNames(given);
  batch.decisions.push(decisionRow(intent.decision, intent.request.session));
  if (Number(row.intent_seen) === 1) return false;
  if (intent.prompt !== undefined) batch.prompts.push(promptRow(intent, intent.prompt));
  const model = Number(row.answered) === 1 ? row.model : indexed(intent.decision.chosen);
  const forgotten = erasure === undefined ? {} : { forgotten_at: erasure.at };
  if (erasure !== undefined) forgetting.late.set(intent.decision.id, erasure.at);
  Object.assign(row, intentColumns(intent, source), model === undefined ? {} : { model }, forgotten);
  return true;
}

function take(batch: Batch, record: Rec, source: string, forgetting: Forgetting): void {
  if (record.kind === 'feedback') {
    batch.feedback.push(feedbackRow(heard(record, forgetting)));
    return;
  }
  const draft = draftOf(batch, record.id, source, record.at);
  const { row } = draft;
  if (record.kind === 'intent') {
    if (!takeIntent(batch, record, row, source, forgetting)) return;
  } else {
    if (!takesOutcome(row, record)) return;
    Object.assign(row, outcomeColumns(record));
    const said = row.forgotten_at === null ? {} : { error: undefined };
    for (const [index, attempt] of record.attempts.entries()) {
      batch.attempts.push(attemptRow(record.id, index, { ...attempt, ...said }));
      if (attempt.price === undefined) continue;
      const price = priceRow(attempt.upstream, attempt.price, attempt.startedAt);
      if (!batch.prices.has(price.version)) batch.prices.set(price.version, price);
    }
  }
  row.fallback = isFallback(row) ? 1 : 0;
  draft.changed = true;
}

async function readExisting(
  db: Kysely<LedgerSchema>,
  lookup: string,
  ids: readonly string[],
): Promise<StoredRequest[]> {
  const found: StoredRequest[] = [];
  for (let start = 0; start < ids.length; start += LOOKUP) {
    const some = ids.slice(start, start + LOOKUP);
    while (some.length < LOOKUP) some.push(some[0] ?? '');
    const { rows } = await db.executeQuery(CompiledQuery.raw(lookup, some));
    found.push(...(rows as StoredRequest[]));
  }
  return found;
}

/** What a batch comes with. */
export interface BatchOrigin {
  readonly source: string;
  readonly at: Position;
}

/** Another process has stored one of the same requests meanwhile. */
class Overtaken extends Error {}

/** How often a batch is tried again that other writers were in the way of. */
const TRIES = 5;

/** Every batch in the same order, so that two never wait for each other's rows. */
const inOrder = <R extends { readonly id?: unknown }>(rows: readonly R[]): R[] =>
  [...rows].sort((a, b) => (String(a.id) < String(b.id) ? -1 : 1));

/** Statements for each table. */
function createBulks() {
  const places = ['source', 'segment', 'byte_offset', 'updated_at'];
  return {
    added: createBulk('requests', COLUMNS, keepOld),
    changed: createBulk('requests', COLUMNS, overwrite(['id'], COLUMNS)),
    decisions: createBulk('decisions', ['id', 'at', 'session', 'record'], keepOld),
    prompts: createBulk('prompts', PROMPT_COLUMNS, keepOld),
    attempts: createBulk('attempts', ATTEMPT_COLUMNS, overwrite(['request_id', 'n'], ATTEMPT_COLUMNS)),
    prices: createBulk('prices', ['version', 'upstream', 'price', 'source', 'date', 'first_seen'], keepOld),
    feedback: createBulk('feedback', ['id', 'at', 'decision_id', 'session', 'score', 'comment', 'key_id'], keepOld),
    rollups: createRollupBulk(),
    positions: createBulk('positions', places, overwrite(['source'], places)),
  };
}

/** Appends batches: idempotent by id, in any order, all or nothing with the position. */
export function createAppender(db: Kysely<LedgerSchema>, traits: SqlTraits, clock: Clock) {
  const bulks = createBulks();
  const ids: string[] = Array.from({ length: LOOKUP }, () => '');
  const reading = db.selectFrom('requests').selectAll().where('id', 'in', ids);
  const lookup = (traits.locksRows ? reading.orderBy('id').forUpdate() : reading).compile().sql;

  const tryOnce = (records: readonly Rec[], origin?: BatchOrigin): Promise<void> =>
    db.transaction().execute(async (trx) => {
      const batch: Batch = {
        drafts: new Map(),
        decisions: [],
        prompts: [],
        attempts: [],
        prices: new Map(),
        feedback: [],
      };
      const forgetting = await readForgetting(trx, records);
      const wanted = new Set(records.filter((record) => record.kind !== 'feedback').map((record) => record.id));
      for (const row of await readExisting(trx, lookup, [...wanted].sort())) {
        batch.drafts.set(row.id, { before: row, row: { ...row }, changed: false });
      }
      for (const record of records) take(batch, record, origin?.source ?? '', forgetting);

      const changes = createRollupChanges();
      const changed = [...batch.drafts.values()].filter((draft) => draft.changed);
      for (const { before, row } of changed) {
        if (before !== undefined && isSettled(before)) changes.add(before, -1n);
        if (isSettled(row)) changes.add(row, 1n);
      }
      const rowsOf = (known: boolean) =>
        inOrder(changed.filter(({ before }) => (before !== undefined) === known).map(({ row }) => row));
      const added = rowsOf(false);
      if ((await bulks.added(trx, added)) < added.length) throw new Overtaken();
      await bulks.changed(trx, rowsOf(true));
      await bulks.decisions(trx, inOrder(batch.decisions));
      await bulks.prompts(trx, inOrder(batch.prompts));
      await bulks.attempts(trx, batch.attempts);
      await bulks.prices(trx, rowsInOrder(batch.prices));
      await bulks.feedback(trx, inOrder(batch.feedback));
      await bulks.rollups(trx, changes.rows());
      await forgetSaid(trx, forgetting.late);
      if (origin === undefined) return;
      const { source, at } = origin;
      const place = { source, segment: at.segment, byte_offset: at.offset, updated_at: Math.round(clock.now()) };
      await bulks.positions(trx, [place]);
      if (traits.shared) await touch(trx, source, traits);
    });

  return async (records: readonly Rec[], origin?: BatchOrigin): Promise<void> => {
    await traits.makeRoom?.(records.map((record) => record.id));
    for (let left = TRIES; ; left--) {
      try {
        return await tryOnce(records, origin);
      } catch (error) {
        if (left === 0 || !(error instanceof Overtaken || traits.isConflict(error))) throw error;
      }
    }
  };
}

/** Notes that a source lives, by the clock by which all are judged. */
export async function touch(db: Kysely<LedgerSchema>, source: string, { now }: SqlTraits): Promise<void> {
  await sql`update positions set updated_at = ${now()} where source = ${source}`.execute(db);
}
