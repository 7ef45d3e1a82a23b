import type { Kysely } from 'kysely';
import type { PromptRecord } from './record.ts';
import type { LedgerSchema } from './schema.ts';

export interface PromptFilter {
  /** Of these requests only. */
  readonly ids?: readonly string[];
  /** Only prompts after this request's. */
  readonly after?: string;
  readonly limit: number;
}

/** What is kept of the prompt of a request. */
export interface StoredPrompt extends PromptRecord {
  /** The request's. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly key?: string;
  readonly session?: string;
}

/** Prompts in the order of their requests' ids. */
export async function readPrompts(
  db: Kysely<LedgerSchema>,
  { ids, after, limit }: PromptFilter,
): Promise<StoredPrompt[]> {
  let query = db.selectFrom('prompts').selectAll().orderBy('id').limit(limit);
  if (ids !== undefined) query = query.where('id', 'in', ids.length === 0 ? [''] : ids);
  if (after !== undefined) query = query.where('id', '>', after);
  const rows = await query.execute();
  return rows.map(({ id, at, session, key_id: key, version, features, body, cut }) => ({
    id,
    at: Number(at),
    ...(key === null ? {} : { key }),
    ...(session === null ? {} : { session }),
    ...(version === null ? {} : { version: Number(version) }),
    ...(features === null ? {} : { features }),
    ...(body === null ? {} : { body }),
    ...(cut === 1n ? { cut: true } : {}),
  }));
}
