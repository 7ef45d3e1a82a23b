import { isObject, text, type JsonObject } from '../guards.ts';
import { insideError, ownStatus } from '../inside-error.ts';
import type { InsideError } from '../tap.ts';

/** An error in Ollama's envelope, which holds its text alone: the HTTP status tells the rest. */
export function ollamaError(message: string, routing?: unknown): string {
  return JSON.stringify({ error: message, routing });
}

/** The error that a line or a whole answer holds. */
export function errorInside(body: JsonObject): InsideError | undefined {
  const { error, status } = body;
  if (error === undefined || error === null || error === '') return undefined;
  const message = text(error) ?? (isObject(error) ? text(error['message']) : undefined);
  return insideError(error, message, ownStatus(status));
}
