import { sql, type Kysely } from 'kysely';
import type { Tier } from '../cache/tier.ts';
import type { Clock } from '../clock.ts';
import type { LedgerSchema } from './schema.ts';

/** Rows that go at once when there is no room. */
const BATCH = 200;

/** Answers in a migrated database. */
export interface AnswerTier extends Tier {
  /** Deletes answers whose time is over, a bounded number per call. Returns how many went. */
  expire(): Promise<number>;
}

/** {@link AnswerTier} of at most `cap` bytes: those that would go first anyway make room for new ones. */
export function createSqlAnswers(db: Kysely<LedgerSchema>, clock: Clock, cap: number): AnswerTier {
  /** Bytes in the table as this process knows them; what others write it learns when it looks again. */
  let known: number | undefined;

  const total = async (): Promise<number> => {
    const row = await db
      .selectFrom('cached_answers')
      .select(sql<bigint | number | string | null>`sum(size)`.as('total'))
      .executeTakeFirstOrThrow();
    return Number(row.total ?? 0);
  };
  const deleteOldest = async (before: bigint | undefined): Promise<number> => {
    const old = db.selectFrom('cached_answers').select('id').orderBy('expires_at').limit(BATCH);
    const ids = (await (before === undefined ? old : old.where('expires_at', '<=', before)).execute()).map(
      ({ id }) => id,
    );
    if (ids.length > 0) await db.deleteFrom('cached_answers').where('id', 'in', ids).execute();
    return ids.length;
  };
  const makeRoom = async (size: number): Promise<void> => {
    known ??= await total();
    while (known + size > cap && (await deleteOldest(undefined)) > 0) known = await total();
    known += size;
  };

  return {
    async get(key) {
      const row = await db.selectFrom('cached_answers').selectAll().where('id', '=', key).executeTakeFirst();
      return row === undefined || Number(row.expires_at) <= clock.now() ? undefined : Buffer.from(row.answer, 'base64');
    },
    async set(key, bytes, ttl) {
      const answer = Buffer.from(bytes).toString('base64');
      if (answer.length > cap) return;
      await makeRoom(answer.length);
      const row = { answer, size: BigInt(answer.length), expires_at: BigInt(Math.floor(clock.now() + ttl)) };
      await db
        .insertInto('cached_answers')
        .values({ id: key, ...row })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async clear() {
      while ((await deleteOldest(undefined)) > 0) continue;
      known = undefined;
    },
    async expire() {
      known = undefined;
      return deleteOldest(BigInt(clock.now()));
    },
  };
}
