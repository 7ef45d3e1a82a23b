import { Kysely, sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRollupChanges } from '../rollup.ts';
import { LedgerSqliteDialect } from '../sqlite-dialect.ts';
import { pickSqlite } from '../sqlite.ts';
import { emptyRow } from '../to-rows.ts';
import { initial } from './0001-initial.ts';
import { prices } from './0005-prices.ts';

const HOUR = 3_600_000;
const HOUR_10 = 10 * HOUR;

let db: Kysely<unknown>;

beforeEach(async () => {
  db = new Kysely<unknown>({ dialect: new LedgerSqliteDialect((await pickSqlite())(':memory:')) });
  await initial.up(db);
});

afterEach(() => db.destroy());

/** Inserts what the columns that are there take of a row. */
async function insert(table: string, row: object): Promise<void> {
  const found = (await db.introspection.getTables()).find(({ name }) => name === table);
  const columns = new Set(found?.columns.map(({ name }) => name));
  const cells = Object.entries(row).filter(([name]) => columns.has(name));
  await sql`insert into ${sql.table(table)} (${sql.join(cells.map(([name]) => sql.ref(name)))})
    values (${sql.join(cells.map(([, value]) => sql.val(value)))})`.execute(db);
}

it('knows of the hours that are there what of them is reserves', async () => {
  const changes = createRollupChanges();
  const settle = async (id: string, at: number, rest: object) => {
    const row = { ...emptyRow(id, 's', at), intent_seen: 1, status: 'ok', model: 'small', ...rest };
    await insert('requests', row);
    changes.add(row, 1n);
  };
  await settle('r1', HOUR_10, { provider: 'p', cost_nano: 7n });
  await settle('r2', HOUR_10 + 5, { status: 'interrupted', cost_nano: 5000n });
  await settle('r3', HOUR_10 + HOUR - 1, { status: 'interrupted', cost_nano: 300n });
  await settle('r4', HOUR_10 + HOUR, { status: 'interrupted', cost_nano: 20n, role: 'x' });
  await settle('r5', HOUR_10 + HOUR, { status: 'interrupted', cost_nano: null, unpriced: 1 });
  for (const row of changes.rows()) await insert('usage_hourly', row);
  await prices.up(db);
  const { rows } = await sql<Record<string, unknown>>`
    select hour, role, cost_nano, reserved_nano from usage_hourly order by hour, role, cost_nano`.execute(db);
  expect(rows.map(({ hour, role, cost_nano, reserved_nano }) => [hour, role, cost_nano, reserved_nano])).toEqual([
    [BigInt(HOUR_10), '', 7n, 0n],
    [BigInt(HOUR_10), '', 5300n, 5300n],
    [BigInt(HOUR_10 + HOUR), '', 0n, 0n],
    [BigInt(HOUR_10 + HOUR), 'x', 20n, 20n],
  ]);
});
