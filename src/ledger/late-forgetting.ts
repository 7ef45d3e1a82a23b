import type { Kysely } from 'kysely';
import { covers, withoutQuery, type Erasure } from './erasure.ts';
import type { Feedback, Intent, Rec } from './record.ts';
import type { LedgerSchema } from './schema.ts';
import { erasuresAfter } from './sql-erasures.ts';

/** What is to be forgotten of records that come late. */
export interface Forgetting {
  readonly erasures: readonly Erasure[];
  /** Decisions of requests that are forgotten, and when they were. */
  readonly decisions: ReadonlyMap<string, number>;
  /** Those of them whose requests are in this batch. */
  readonly late: Map<string, number>;
}

/** An intent without what is to be forgotten of it. */
export function withoutNames({ prompt: _prompt, ...intent }: Intent): Intent {
  const { session: _session, user: _user, ...request } = intent.request;
  return { ...intent, request, decision: withoutQuery(intent.decision) };
}

/** A score without what is to be forgotten of it. */
export function heard(record: Feedback, { erasures, decisions }: Forgetting): Feedback {
  const forgotten =
    (decisions.get(record.decisionId ?? '') ?? 0) > record.at || erasures.some((each) => covers(each, record));
  if (!forgotten) return record;
  const { comment: _comment, session: _session, ...rest } = record;
  return rest;
}

/** What is to be forgotten of a batch: as a rule nothing, which is known by one look. */
export async function readForgetting(db: Kysely<LedgerSchema>, records: readonly Rec[]): Promise<Forgetting> {
  const spoken = records.filter((record) => record.kind !== 'outcome');
  const nothing: Forgetting = { erasures: [], decisions: new Map(), late: new Map() };
  if (spoken.length === 0) return nothing;
  const since = spoken.reduce((least, { at }) => Math.min(least, at), Number.MAX_SAFE_INTEGER);
  const erasures = await erasuresAfter(db, since);
  const scored = spoken.flatMap((record) => (record.kind === 'feedback' ? (record.decisionId ?? []) : []));
  if (erasures.length === 0 || scored.length === 0) return { ...nothing, erasures };
  const rows = await db
    .selectFrom('requests')
    .select(['id', 'decision_id', 'forgotten_at'])
    .where('forgotten_at', 'is not', null)
    .where((is) => is.or([is('id', 'in', scored), is('decision_id', 'in', scored)]))
    .execute();
  return {
    ...nothing,
    erasures,
    decisions: new Map(rows.map((row) => [row.decision_id ?? row.id, Number(row.forgotten_at)])),
  };
}
