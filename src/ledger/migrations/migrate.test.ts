import { CompiledQuery, Kysely, Migrator } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../state/conformance.ts';
import { entriesQuery, requestDecidedAs, requestOf } from '../entries-query.ts';
import { intentOf, outcomeOf } from '../fixtures.ts';
import type { LedgerSchema } from '../schema.ts';
import { createSqlStore } from '../sql-store.ts';
import { LedgerSqliteDialect } from '../sqlite-dialect.ts';
import { pickSqlite } from '../sqlite.ts';
import { initial } from './0001-initial.ts';
import { migrate } from './migrate.ts';

let db: Kysely<LedgerSchema>;

beforeEach(async () => {
  const open = await pickSqlite();
  db = new Kysely<LedgerSchema>({ dialect: new LedgerSqliteDialect(open(':memory:')) });
});

afterEach(() => db.destroy());

describe('a database of the first version', () => {
  it('gets what is new and keeps what it holds', async () => {
    const first = new Migrator({ db, provider: { getMigrations: async () => ({ '0001-initial': initial }) } });
    expect((await first.migrateToLatest()).error).toBeUndefined();
    const clock = manualClock();
    const store = createSqlStore(db, 'test', clock);
    const now = clock.now();
    await store.append([intentOf('r1', now), outcomeOf('r1', now, 5n)]);
    await migrate(db, 'memory:');
    await migrate(db, 'memory:');
    expect((await store.entries({ limit: 5, model: 'small' })).map(({ intent }) => intent.id)).toEqual(['r1']);
    expect((await store.usage({ since: 0, until: now + 1 }))[0]).toMatchObject({ requests: 1, costUsd: 5e-9 });
  });
});

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
