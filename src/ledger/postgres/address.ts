import { SignalboxError } from '../../errors.ts';

/** Where a PostgreSQL is, and how long it is waited for. */
export interface PostgresAddress {
  /** What the driver connects to; holds the password. */
  readonly connection: string;
  /** The same for logs and messages: without password and parameters. */
  readonly shown: string;
  /** For a connection, milliseconds. */
  readonly connectTimeout: number;
  /** For one statement, milliseconds. */
  readonly statementTimeout: number;
}

const CONNECT_MS = 5000;
const STATEMENT_MS = 15_000;
/** What a timer takes. */
const LONGEST_MS = 2 ** 31 - 1;

const FORM = /^postgres(?:ql)?:\/\//;

/** Whether a `storage.url` means PostgreSQL. */
export function isPostgresUrl(url: string): boolean {
  return FORM.test(url);
}

// The thrown error of `new URL` holds its input, and that the password: it is never passed on.
function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

/** A connection string without what must not be told. */
export function shownPostgresUrl(url: string): string {
  const parsed = parse(url);
  if (parsed === undefined) return `${FORM.exec(url)?.[0] ?? ''}…`;
  const user = parsed.username === '' ? '' : `${parsed.username}@`;
  return `${parsed.protocol}//${user}${parsed.host}${parsed.pathname}`;
}

function invalid(shown: string, why: string): SignalboxError {
  return new SignalboxError(
    'config_invalid',
    `storage.url "${shown}" ${why}; write postgres://user:password@host:5432/database, with characters such as @ : / % # in the password percent-encoded`,
  );
}

/** Takes a parameter that is meant for this side out of the URL. */
function taken(parsed: URL, name: string, unit: number, otherwise: number): number {
  const text = parsed.searchParams.get(name);
  parsed.searchParams.delete(name);
  if (text === null) return otherwise;
  const value = Number(text);
  // As in libpq and PostgreSQL, 0 means no limit; a ledger that waits forever says nothing, so that it gets the longest.
  if (!/^\d+$/.test(text)) throw invalid(shownPostgresUrl(parsed.href), `has ${name}=… that is not a whole number`);
  return value === 0 ? LONGEST_MS : Math.min(value * unit, LONGEST_MS);
}

/**
 * Reads a connection string. `connect_timeout` (seconds) and `statement_timeout` (milliseconds) are kept to here, so that
 * they also hold when the server says nothing; whatever else stands in it is the driver's.
 * @throws `config_invalid`, without the password
 */
export function readAddress(url: string): PostgresAddress {
  const parsed = parse(url);
  const shown = shownPostgresUrl(url);
  if (parsed === undefined) throw invalid(shown, 'is not a connection string');
  const connectTimeout = taken(parsed, 'connect_timeout', 1000, CONNECT_MS);
  const statementTimeout = taken(parsed, 'statement_timeout', 1, STATEMENT_MS);
  return { connection: parsed.href, shown, connectTimeout, statementTimeout };
}
