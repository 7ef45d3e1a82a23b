import { CompiledQuery, type Kysely } from 'kysely';
import type { Clock } from '../clock.ts';
import { createBulk, keepOld, overwrite, type Row } from './bulk.ts';
import type { StoredRequest } from './from-rows.ts';
import { priceRow } from './prices.ts';
import type { Outcome, Rec } from './record.ts';
import { createRollupBulk, createRollupChanges, isSettled } from './rollup.ts';
import type { LedgerSchema } from './schema.ts';
import type { Position } from './store.ts';
import {
  attemptRow,
  decisionRow,
  emptyRow,
  feedbackRow,
  intentColumns,
  outcomeColumns,
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

/** Rows of one batch by table. */
interface Batch {
  readonly drafts: Map<string, Draft>;
  readonly decisions: Row[];
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
  return Number(row.answered) === 1 && row.chosen !== null && row.model !== row.chosen;
}

function take(batch: Batch, record: Rec, source: string): void {
  if (record.kind === 'feedback') {
    batch.feedback.push(feedbackRow(record));
    return;
  }
  const draft = draftOf(batch, record.id, source, record.at);
  const { row } = draft;
  if (record.kind === 'intent') {
    batch.decisions.push(decisionRow(record.decision, record.request.session));
    if (Number(row.intent_seen) === 1) return;
    const model = Number(row.answered) === 1 ? row.model : record.decision.chosen;
    Object.assign(row, intentColumns(record, source), model === undefined ? {} : { model });
  } else {
    if (!takesOutcome(row, record)) return;
    Object.assign(row, outcomeColumns(record));
    for (const [index, attempt] of record.attempts.entries()) {
      batch.attempts.push(attemptRow(record.id, index, attempt));
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
    while (some.length < LOOKUP) some.push('');
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

/** Appends batches: idempotent by id, in any order, all or nothing with the position. */
export function createAppender(db: Kysely<LedgerSchema>, clock: Clock) {
  const requests = createBulk('requests', COLUMNS, overwrite(['id'], COLUMNS));
  const decisions = createBulk('decisions', ['id', 'at', 'session', 'record'], keepOld);
  const attempts = createBulk('attempts', ATTEMPT_COLUMNS, overwrite(['request_id', 'n'], ATTEMPT_COLUMNS));
  const prices = createBulk('prices', ['version', 'upstream', 'price', 'source', 'date', 'first_seen'], keepOld);
  const feedback = createBulk(
    'feedback',
    ['id', 'at', 'decision_id', 'session', 'score', 'comment', 'key_id'],
    keepOld,
  );
  const rollups = createRollupBulk();
  const places = ['source', 'segment', 'byte_offset', 'updated_at'];
  const positions = createBulk('positions', places, overwrite(['source'], places));
  const ids: string[] = Array.from({ length: LOOKUP }, () => '');
  const lookup = db.selectFrom('requests').selectAll().where('id', 'in', ids).compile().sql;

  return (records: readonly Rec[], origin?: BatchOrigin): Promise<void> =>
    db.transaction().execute(async (trx) => {
      const batch: Batch = { drafts: new Map(), decisions: [], attempts: [], prices: new Map(), feedback: [] };
      const wanted = new Set(records.filter((record) => record.kind !== 'feedback').map((record) => record.id));
      for (const row of await readExisting(trx, lookup, [...wanted])) {
        batch.drafts.set(row.id, { before: row, row: { ...row }, changed: false });
      }
      for (const record of records) take(batch, record, origin?.source ?? '');

      const changes = createRollupChanges();
      const changed = [...batch.drafts.values()].filter((draft) => draft.changed);
      for (const { before, row } of changed) {
        if (before !== undefined && isSettled(before)) changes.add(before, -1n);
        if (isSettled(row)) changes.add(row, 1n);
      }
      await requests(
        trx,
        changed.map((draft) => draft.row),
      );
      await decisions(trx, batch.decisions);
      await attempts(trx, batch.attempts);
      await prices(trx, rowsInOrder(batch.prices));
      await feedback(trx, batch.feedback);
      await rollups(trx, changes.rows());
      if (origin === undefined) return;
      const { source, at } = origin;
      await positions(trx, [
        { source, segment: at.segment, byte_offset: at.offset, updated_at: Math.round(clock.now()) },
      ]);
    });
}
