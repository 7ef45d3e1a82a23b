import { SignalboxError } from '../../errors.ts';

/** Classes of SQLSTATE that speak of the server, not of what it was asked: connection, resources, operator, system. */
const SERVER = /^(?:08|53|57|58)...$/;

/** Others were in the way: two that waited for each other, or a lock that did not come free in time. */
const CONFLICT = /^(?:40|55)...$/;

/** What the operating system says of a connection. */
const NETWORK = /^(?:E[A-Z]+|EAI_AGAIN)$/;

/** What the driver says of one; without a code. */
const BROKEN =
  /^(?:Connection terminated|Query read timeout|timeout (?:expired|exceeded)|Client has encountered a connection error|Client was closed)/;

const ADVICE: Readonly<Record<string, string>> = {
  '28P01': 'check user and password in storage.url (or PGPASSWORD)',
  '28000': 'check the user in storage.url and what pg_hba.conf allows',
  '3D000': 'create that database, or name another in storage.url',
  '3F000': 'create the schema that search_path names, or let the user create in "public"',
  '42501': 'grant the user CREATE on the schema, or name another user in storage.url',
  '42P07': 'the database holds tables of something else under these names: give the ledger a database of its own',
};

/** The code of an error: a SQLSTATE, or the system's word. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Says nothing of a failed connection to several addresses: the first one's error does. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === '' && error instanceof AggregateError) return messageOf(error.errors[0]);
  return error.message === '' ? codeOf(error) || error.name : error.message;
}

/** Whether an error tells that the server cannot be asked now, rather than that what it was asked is wrong. */
export function isOutOfReach(error: unknown): boolean {
  if (error instanceof OutOfReach) return true;
  const code = codeOf(error);
  if (code === '') return error instanceof Error && BROKEN.test(error.message);
  return NETWORK.test(code) || SERVER.test(code);
}

/** Whether the same may succeed when it is tried again: another process was in its way. */
export function isConflict(error: unknown): boolean {
  return CONFLICT.test(codeOf(error));
}

/** A store that cannot be asked now. */
export class OutOfReach extends SignalboxError {
  constructor(shown: string, cause: unknown) {
    super('storage_unavailable', `the ledger "${shown}" cannot be reached: ${messageOf(cause)}`, { cause });
  }
}

/** What PostgreSQL says itself when it comes to create a table. */
export function noSchema(): Error {
  return Object.assign(new Error('no schema of search_path exists'), { code: '3F000' });
}

/** An error of opening the store: out of reach, or wrong, with what to do. */
export function openingFailure(shown: string, error: unknown): SignalboxError {
  if (SignalboxError.is(error)) return error;
  if (isOutOfReach(error) || isConflict(error)) return new OutOfReach(shown, error);
  const advice = ADVICE[codeOf(error)] ?? 'see the log of the server';
  return new SignalboxError(
    'storage_unavailable',
    `the ledger "${shown}" cannot be opened: ${messageOf(error)}; ${advice}`,
    { cause: error },
  );
}
