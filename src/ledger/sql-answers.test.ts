import { Kysely } from 'kysely';
import { expect, it } from 'vitest';
import { manualClock } from '../state/conformance.ts';
import { migrate } from './migrations/migrate.ts';
import type { LedgerSchema } from './schema.ts';
import { createSqlAnswers } from './sql-answers.ts';
import { LedgerSqliteDialect } from './sqlite-dialect.ts';
import { pickSqlite } from './sqlite.ts';

it('kept answers that would go first make room for new ones', async () => {
  const openSqlite = await pickSqlite();
  const db = new Kysely<LedgerSchema>({ dialect: new LedgerSqliteDialect(openSqlite(':memory:')) });
  await migrate(db, 'memory:');
  const answers = createSqlAnswers(db, manualClock(), 40_000);
  const answer = new Uint8Array(75);
  // 100 characters each: 400 fit.
  for (let n = 0; n < 450; n++) await answers.set(`a${n}`, answer, 1000 + n);
  expect(await answers.get('a0')).toBeUndefined();
  expect(await answers.get('a449')).toEqual(Buffer.from(answer));
  const { size } = await db
    .selectFrom('cached_answers')
    .select(({ fn }) => fn.sum<number>('size').as('size'))
    .executeTakeFirstOrThrow();
  expect(size).toBeLessThanOrEqual(40_000);
  await answers.set('huge', new Uint8Array(50_000), 1000);
  expect(await answers.get('huge')).toBeUndefined();
  await db.destroy();
});
