import { Kysely, Migrator, sql } from 'kysely';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as pg from 'pg';
import { describe, expect, it } from 'vitest';
import { createSchema, hasPostgres } from '../../../test/support/postgres.ts';
import { systemClock } from '../../clock.ts';
import { intentOf } from '../fixtures.ts';
import { usdOf } from '../money.ts';
import { openStore } from '../open-store.ts';
import { readAddress } from '../postgres/address.ts';
import { LedgerPostgresDialect } from '../postgres/dialect.ts';
import { createPool } from '../postgres/pool.ts';
import type { LedgerSchema } from '../schema.ts';
import { LedgerSqliteDialect } from '../sqlite-dialect.ts';
import { pickSqlite } from '../sqlite.ts';
import { MIGRATIONS } from './migrate.ts';
import { MIGRATION_NAMES } from './names.ts';

const HOUR = 3_600_000;
/** More than a double holds. */
const COST = 9_007_199_254_740_993n;
const at = Math.floor(Date.now() / HOUR) * HOUR - 2 * HOUR;
const { decision } = intentOf('r1', at);

/** Brings an empty database to an earlier version's schema. */
async function bringTo(db: Kysely<LedgerSchema>, version: number): Promise<void> {
  const known = Object.fromEntries(MIGRATION_NAMES.slice(0, version).map((name) => [name, MIGRATIONS[name]]));
  const migrator = new Migrator({ db, provider: { getMigrations: async () => known } });
  expect((await migrator.migrateToLatest()).error).toBeUndefined();
}

/** What every version has written since the first: a request that was answered, one in flight, a score, sums, a position. */
async function write(db: Kysely<LedgerSchema>): Promise<void> {
  const text = JSON.stringify(decision);
  const overhead = Array.from({ length: 9 }, (_, i) => sql.ref(`overhead_${i}`));
  await sql`insert into requests (id, source, intent_seen, at, decision_id, dialect, requested, stream, strategy, reason_code,
      chosen, reserve_nano, status, settled_at, model, provider, answered, http_status, finish_reason, input_tokens,
      output_tokens, estimated, cost_nano, baseline_nano, unpriced, attempts, fallback, ms, first_byte_ms, overhead_us, simulated)
    values ('r1', 's', 1, ${at}, 'r1', 'openai-chat', 'auto', 0, 'cheapest', 'strategy',
      'small', 5000, 'ok', ${at + 5}, 'small', 'p', 1, 200, 'stop', 10,
      5, 0, ${COST}, ${COST * 10n}, 0, 1, 0, 5.5, 3.25, 400, 0)`.execute(db);
  await sql`insert into requests (id, source, intent_seen, at, decision_id, dialect, requested, stream, strategy, reason_code,
      chosen, reserve_nano, model, answered, unpriced, attempts, fallback, simulated)
    values ('r2', 's', 1, ${at}, 'r2', 'anthropic', 'auto', 1, 'cheapest', 'strategy', 'small', 7000, 'small', 0, 0, 0, 0, 0)`.execute(
    db,
  );
  await sql`insert into decisions (id, at, record) values ('r1', ${at}, ${text}), ('r2', ${at}, ${text.replace('"r1"', '"r2"')})`.execute(
    db,
  );
  await sql`insert into attempts (request_id, n, model, upstream, provider, status, started_at, first_byte_ms, ms, input_tokens,
      output_tokens, cost_nano)
    values ('r1', 0, 'small', 'p/small', 'p', 200, ${at}, 3.25, 4, 10, 5, ${COST})`.execute(db);
  await sql`insert into feedback (id, at, decision_id, score) values ('f1', ${at}, 'r1', 0.5)`.execute(db);
  await sql`insert into usage_hourly (hour, model, provider, role, key_id, requests, failed, cancelled, interrupted, input_tokens,
      output_tokens, cost_nano, unpriced, estimated, baseline_nano, savings_nano, fallbacks, overhead_us, ${sql.join(overhead)})
    values (${at}, 'small', 'p', '', '', 1, 0, 0, 0, 10, 5, ${COST}, 0, 0, ${COST * 10n}, 81064793292668937, 0, 400,
      0, 0, 1, 0, 0, 0, 0, 0, 0)`.execute(db);
  await sql`insert into positions (source, segment, byte_offset, updated_at) values ('s', 's-1.log', 77, ${at})`.execute(
    db,
  );
}

/** That the newest version reads all of it, and goes on with it. */
async function wholeAt(url: string): Promise<true> {
  const store = await openStore(url, { clock: systemClock });
  expect(await store.entry('r1')).toMatchObject({
    intent: {
      id: 'r1',
      at,
      reserve: 5000n,
      decision: { reason: decision.reason },
      request: { dialect: 'openai-chat' },
    },
    outcome: {
      status: 'ok',
      cost: COST,
      usage: { input: 10, output: 5 },
      ms: 5.5,
      attempts: [{ upstream: 'p/small', cost: COST, firstByteMs: 3.25 }],
    },
    feedback: [{ id: 'f1', score: 0.5 }],
  });
  expect(await store.position('s')).toEqual({ segment: 's-1.log', offset: 77 });
  const sums = async () => store.usage({ since: 0, until: at + HOUR });
  expect(await sums()).toMatchObject([{ requests: 1, inputTokens: 10, costUsd: usdOf(COST) }]);
  expect(await store.interrupt('s', Date.now())).toBe(1);
  expect(await sums()).toMatchObject([{ requests: 2, interrupted: 1, costUsd: usdOf(COST + 7000n) }]);
  expect((await store.entries({ limit: 5, model: 'small' })).map(({ intent }) => intent.id)).toEqual(['r2', 'r1']);
  await store.close();
  return true;
}

const versions = MIGRATION_NAMES.map((name, i) => [name, i + 1] as const);

describe.each(versions)('a ledger of the version %s', (_name, version) => {
  it('in a file is whole in the newest', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'signalbox-forward-'));
    const path = join(folder, 'ledger.db');
    const db = new Kysely<LedgerSchema>({ dialect: new LedgerSqliteDialect((await pickSqlite())(path)) });
    await bringTo(db, version);
    await write(db);
    await db.destroy();
    await expect(wholeAt(`file:${path}`)).resolves.toBe(true);
    await rm(folder, { recursive: true, force: true });
  });
});

const there = await hasPostgres('ledgers of earlier versions in PostgreSQL');

describe.runIf(there).each(versions)('a ledger of the version %s', (_name, version) => {
  it('in PostgreSQL is whole in the newest', async () => {
    const schema = await createSchema();
    const address = readAddress(schema.url);
    const db = new Kysely<LedgerSchema>({ dialect: new LedgerPostgresDialect(createPool(pg, address), address) });
    await bringTo(db, version);
    await write(db);
    await db.destroy();
    await expect(wholeAt(schema.url)).resolves.toBe(true);
    await schema.drop();
  });
});
