/** Every migration's name as the database remembers it, in order; never renamed, only added to. */
export const MIGRATION_NAMES = [
  '0001-initial',
  '0002-entry-filters',
  '0003-decisions-made-before',
  '0004-keys',
  '0005-prices',
  '0006-cached',
  '0007-prompts',
] as const;
export type MigrationName = (typeof MIGRATION_NAMES)[number];

/** Where Kysely notes them. */
export const MIGRATION_TABLE = 'kysely_migration';
