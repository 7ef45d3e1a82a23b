import { sql, type CreateTableBuilder, type Kysely, type Migration } from 'kysely';
import { createPartitioned, textIn } from './partitioned.ts';

async function createRequests(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const table = db.schema
    .createTable('requests')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('source', text, (column) => column.notNull())
    .addColumn('intent_seen', 'bigint', (column) => column.notNull())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('decision_id', text)
    .addColumn('dialect', text)
    .addColumn('requested', text)
    .addColumn('stream', 'bigint')
    .addColumn('role', text)
    .addColumn('key_id', text)
    .addColumn('session', text)
    .addColumn('user_id', text)
    .addColumn('tags', text)
    .addColumn('strategy', text)
    .addColumn('reason_code', text)
    .addColumn('chosen', text)
    .addColumn('reserve_nano', 'bigint')
    .addColumn('status', text)
    .addColumn('settled_at', 'bigint')
    .addColumn('model', text)
    .addColumn('provider', text)
    .addColumn('answered', 'bigint', (column) => column.notNull())
    .addColumn('http_status', 'bigint')
    .addColumn('error_code', text)
    .addColumn('finish_reason', text);
  const whole = withTokens(table)
    .addColumn('cost_nano', 'bigint')
    .addColumn('baseline_nano', 'bigint')
    .addColumn('unpriced', 'bigint', (column) => column.notNull())
    .addColumn('attempts', 'bigint', (column) => column.notNull())
    .addColumn('fallback', 'bigint', (column) => column.notNull())
    .addColumn('ms', 'double precision')
    .addColumn('first_byte_ms', 'double precision')
    .addColumn('overhead_us', 'bigint')
    .addColumn('simulated', 'bigint', (column) => column.notNull());
  await createPartitioned(db, 'requests', 'id', whole);
  await db.schema.createIndex('requests_decision').on('requests').column('decision_id').execute();
  await db.schema.createIndex('requests_at').on('requests').column('at').execute();
  await db.schema
    .createIndex('requests_open')
    .on('requests')
    .column('source')
    .where(sql<boolean>`status is null`)
    .execute();
  await db.schema
    .createIndex('requests_session')
    .on('requests')
    .columns(['session', 'id'])
    .where(sql<boolean>`session is not null`)
    .execute();
  await db.schema
    .createIndex('requests_key')
    .on('requests')
    .columns(['key_id', 'id'])
    .where(sql<boolean>`key_id is not null`)
    .execute();
}

function withTokens<Table extends string, Column extends string>(table: CreateTableBuilder<Table, Column>) {
  return table
    .addColumn('input_tokens', 'bigint')
    .addColumn('output_tokens', 'bigint')
    .addColumn('cache_read_tokens', 'bigint')
    .addColumn('cache_write_tokens', 'bigint')
    .addColumn('reasoning_tokens', 'bigint')
    .addColumn('estimated', 'bigint');
}

async function createDecisions(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const table = db.schema
    .createTable('decisions')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('session', text)
    .addColumn('record', text, (column) => column.notNull());
  await createPartitioned(db, 'decisions', 'id', table);
  await db.schema.createIndex('decisions_at').on('decisions').column('at').execute();
}

async function createAttempts(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const table = db.schema
    .createTable('attempts')
    .addColumn('request_id', text, (column) => column.notNull())
    .addColumn('n', 'bigint', (column) => column.notNull())
    .addColumn('model', text, (column) => column.notNull())
    .addColumn('upstream', text, (column) => column.notNull())
    .addColumn('provider', text, (column) => column.notNull())
    .addColumn('status', 'bigint')
    .addColumn('failure', text)
    .addColumn('error', text)
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('first_byte_ms', 'double precision')
    .addColumn('ms', 'double precision', (column) => column.notNull());
  const whole = withTokens(table)
    .addColumn('cost_nano', 'bigint')
    .addColumn('simulated', 'bigint')
    .addPrimaryKeyConstraint('attempts_key', ['request_id', 'n']);
  await createPartitioned(db, 'attempts', 'request_id', whole);
}

async function createFeedback(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const table = db.schema
    .createTable('feedback')
    .addColumn('id', text, (column) => column.primaryKey())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('decision_id', text)
    .addColumn('session', text)
    .addColumn('score', 'double precision', (column) => column.notNull())
    .addColumn('comment', text)
    .addColumn('key_id', text);
  await createPartitioned(db, 'feedback', 'id', table);
  await db.schema.createIndex('feedback_at').on('feedback').column('at').execute();
  await db.schema.createIndex('feedback_decision').on('feedback').column('decision_id').execute();
  await db.schema.createIndex('feedback_session').on('feedback').column('session').execute();
}

async function createUsageHourly(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  const key = ['hour', 'model', 'provider', 'role', 'key_id'] as const;
  const sums = [
    'requests',
    'failed',
    'cancelled',
    'interrupted',
    'input_tokens',
    'output_tokens',
    'cost_nano',
    'unpriced',
    'estimated',
    'baseline_nano',
    'savings_nano',
    'fallbacks',
    'overhead_us',
    ...Array.from({ length: 9 }, (_, index) => `overhead_${index}`),
  ];
  let table: CreateTableBuilder<'usage_hourly', string> = db.schema.createTable('usage_hourly');
  for (const name of key) table = table.addColumn(name, name === 'hour' ? 'bigint' : text, (c) => c.notNull());
  for (const name of sums) table = table.addColumn(name, 'bigint', (c) => c.notNull());
  await table.addPrimaryKeyConstraint('usage_hourly_key', [...key]).execute();
}

async function createBooks(db: Kysely<unknown>): Promise<void> {
  const text = textIn(db);
  await db.schema
    .createTable('positions')
    .addColumn('source', text, (column) => column.primaryKey())
    .addColumn('segment', text, (column) => column.notNull())
    .addColumn('byte_offset', 'bigint', (column) => column.notNull())
    .addColumn('updated_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('meta')
    .addColumn('name', text, (column) => column.primaryKey())
    .addColumn('value', text, (column) => column.notNull())
    .execute();
}

/** The tables of the first version, rollups and retention included. */
export const initial: Migration = {
  async up(db: Kysely<unknown>) {
    await createRequests(db);
    await createDecisions(db);
    await createAttempts(db);
    await createFeedback(db);
    await createUsageHourly(db);
    await createBooks(db);
  },
};
