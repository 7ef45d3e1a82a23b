import { sql, type Kysely, type Migration } from 'kysely';

/**
 * Nearly every decision has its request's id, which the primary key finds; only one that was made before its request
 * needs an index, which every other row then does not pay for.
 */
export const decisionsMadeBefore: Migration = {
  async up(db: Kysely<unknown>) {
    await db.schema.dropIndex('requests_decision').execute();
    await db.schema
      .createIndex('requests_other_decision')
      .on('requests')
      .column('decision_id')
      .where(sql<boolean>`decision_id <> id`)
      .execute();
  },
};
