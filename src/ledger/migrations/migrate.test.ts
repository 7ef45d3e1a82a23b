import { CompiledQuery, Kysely } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entriesQuery, requestDecidedAs, requestOf } from '../entries-query.ts';
import type { LedgerSchema } from '../schema.ts';
import { LedgerSqliteDialect } from '../sqlite-dialect.ts';
import { pickSqlite } from '../sqlite.ts';
import { migrate } from './migrate.ts';

let db: Kysely<LedgerSchema>;

beforeEach(async () => {
  const open = await pickSqlite();
  db = new Kysely<LedgerSchema>({ dialect: new LedgerSqliteDialect(open(':memory:')) });
});

afterEach(() => db.destroy());

async function planOf({ sql, parameters }: CompiledQuery): Promise<string> {
  const { rows } = await db.executeQuery<{ detail: string }>(
    CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
  );
  return rows.map((row) => row.detail).join('; ');
}

describe('one request', () => {
  it('is looked up in an index, by its own id and by that of a decision made before it', async () => {
    await migrate(db, 'memory:');
    expect(await planOf(requestOf(db, 'r').compile())).toMatch(/^SEARCH requests USING INDEX/);
    expect(await planOf(requestDecidedAs(db, 'd').compile())).toMatch(
      /^SEARCH requests USING INDEX requests_other_decision/,
    );
  });
});

describe('the list of requests', () => {
  it.each([
    { model: 'x' },
    { model: 'x', after: 'r' },
    { role: 'x' },
    { key: 'x' },
    { session: 'x' },
    { status: 'failed' },
    { status: 'interrupted', after: 'r' },
    { status: 'open' },
    { status: 'ok', model: 'x' },
  ])('%o is looked up in an index, never by reading every request', async (filter) => {
    await migrate(db, 'memory:');
    const plan = await planOf(entriesQuery(db, { limit: 50, ...filter }).compile());
    expect(plan).toMatch(/SEARCH requests USING INDEX/);
    // Of the open ones the index itself is read, which holds no others.
    expect(plan.replace(/SCAN requests USING (?:COVERING )?INDEX requests_open/, '')).not.toContain('SCAN');
  });
});
