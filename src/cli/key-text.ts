import type { KeyRow } from '../access/key-row.ts';
import { print, table } from './print.ts';

const date = (at: number | null): string =>
  at === null ? '' : new Date(at).toISOString().slice(0, 16).replace('T', ' ');

const THEN = { refuse: 'then refuse', cheapest: 'then the cheapest' } as const;

/** What a key allows, in words. */
function allows({ admin, scopes, models, roles, limits, budget }: KeyRow): string {
  return [
    ...(admin ? ['admin'] : []),
    ...scopes,
    ...(models === null ? [] : [`models ${models.join(' ')}`]),
    ...(roles === null ? [] : [`roles ${roles.join(' ')}`]),
    ...Object.entries(limits ?? {}).map(([name, value]) => `${name} ${value}`),
    ...(budget === null ? [] : [`${budget.usd} USD per ${budget.per}, ${THEN[budget.atLimit]}`]),
  ].join(', ');
}

/** Tells a key for the only time. */
export function tellKey(key: string, row: KeyRow, what: string): void {
  const ends = row.expiresAt === null ? 'does not expire' : `expires ${date(row.expiresAt)} UTC`;
  print(
    `${what} "${row.name}": ${allows(row)}; ${ends}`,
    '',
    `  ${key}`,
    '',
    'It is shown now and never again: only its SHA-256 is kept. Clients send it as their API key.',
    'A gateway that runs takes it within 5 seconds.',
  );
}

/** All keys, a line each. */
export function keyTable(rows: readonly KeyRow[]): string {
  const columns = ['name', 'status', 'in', 'allows', 'created', 'expires', 'last used'].map((title) => ({ title }));
  return table(
    columns,
    rows.map((row) => [
      row.name,
      row.status,
      row.source,
      allows(row),
      date(row.createdAt),
      date(row.expiresAt),
      date(row.lastUsedAt),
    ]),
  );
}
