import { sql, type Kysely, type Migration } from 'kysely';
import { createPartitioned, textIn } from './partitioned.ts';

async function createPrompts(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const table = db.schema
    .createTable('prompts')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('session', text)
    .addColumn('key_id', text)
    .addColumn('version', 'bigint')
    .addColumn('features', text)
    .addColumn('body', text)
    .addColumn('cut', 'bigint', (column) => column.notNull());
  await createPartitioned(db, 'prompts', 'id', table);
  await db.schema.createIndex('prompts_at').on('prompts').column('at').execute();
}

async function createErasures(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('erasures')
    .addColumn('id', textIn(db), (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('until', 'bigint', (column) => column.notNull())
    .addColumn('key_id', 'text')
    .addColumn('session', 'text')
    .addColumn('user_id', 'text')
    .execute();
}

/** What is kept of prompts, and what was asked to be forgotten. */
export const prompts: Migration = {
  async up(db: Kysely<unknown>) {
    await createPrompts(db);
    await createErasures(db);
    await db.schema.alterTable('requests').addColumn('forgotten_at', 'bigint').execute();
    await db.schema
      .createIndex('requests_user')
      .on('requests')
      .columns(['user_id', 'id'])
      .where(sql<boolean>`user_id is not null`)
      .execute();
  },
};
