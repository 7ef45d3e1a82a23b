import { sql, type Kysely } from 'kysely';
import type { LedgerSchema } from './schema.ts';
import type { EntryFilter } from './store.ts';
import { indexed } from './to-rows.ts';

/**
 * Requests with their intent, newest first. Every filter but `status: ok` has an index that is in the order of the ids,
 * so that one which matches nothing reads nothing.
 */
export function entriesQuery(db: Kysely<LedgerSchema>, filter: EntryFilter) {
  const { after, limit, model, role, key, session, status } = filter;
  let query = db.selectFrom('requests').selectAll().where('intent_seen', '=', 1n).orderBy('id', 'desc').limit(limit);
  if (after !== undefined) query = query.where('id', '<', after);
  if (model !== undefined) query = query.where('model', '=', indexed(model));
  if (role !== undefined) query = query.where('role', '=', role);
  if (key !== undefined) query = query.where('key_id', '=', key);
  if (session !== undefined) query = query.where('session', '=', indexed(session));
  if (status === undefined) return query;
  // Few are open, and their index knows no order: looked up first, so that the order does not lead to reading them all.
  if (status === 'open') {
    return query.where('id', 'in', db.selectFrom('requests').select('id').where('status', 'is', null));
  }
  const wanted = query.where('status', '=', status);
  // The index leaves out what went well; a planner sees that it applies only when it is told in the same words.
  return status === 'ok' ? wanted : wanted.where(sql<boolean>`status <> 'ok'`);
}

/** A request by its own id. */
export function requestOf(db: Kysely<LedgerSchema>, id: string) {
  return db.selectFrom('requests').selectAll().where('id', '=', id);
}

/** The request that carried out a decision made before it, by the decision's id. */
export function requestDecidedAs(db: Kysely<LedgerSchema>, id: string) {
  return db
    .selectFrom('requests')
    .selectAll()
    .where('decision_id', '=', id)
    .whereRef('decision_id', '<>', 'id')
    .limit(1);
}
