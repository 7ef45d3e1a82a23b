import type { InsideError } from './tap.ts';

/** What an error without words of its own is told as. */
const NO_WORDS = 'the provider sent an error instead of an answer';

/** A stream with a record that cannot be read: it may have held a part of the answer. */
export const UNREADABLE = insideError('unreadable', 'an event of the stream cannot be read', undefined);
/** An answer that ended without a finish reason, as a cut one does. */
export const UNFINISHED = insideError('unfinished', 'the answer ended without a finish reason', undefined);

/** An error's own code where that is an HTTP status. */
export function ownStatus(code: unknown): number | undefined {
  const status = Number(code ?? Number.NaN);
  return status >= 400 && status < 600 ? status : undefined;
}

/** An error as text; one that is nested too deep to be written says nothing. */
function written(error: unknown): string {
  try {
    return JSON.stringify(error);
  } catch {
    return '';
  }
}

/** An error that stands in an answer. */
export function insideError(error: unknown, message: string | undefined, status: number | undefined): InsideError {
  return { message: message ?? NO_WORDS, status: status ?? 500, text: written(error) };
}
