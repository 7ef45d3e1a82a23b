import { isObject, text } from '../protocol/guards.ts';
import type { State } from '../state/state.ts';

/** OpenAI keeps an answer for 30 days, milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

const cellOf = (state: State, id: string) => state.cell<string>(`response:${id}`);

/** The provider of this model keeps the answer of this id. */
export function rememberHolder(state: State, id: string, model: string): void {
  cellOf(state, id).set(model, KEPT_MS);
}

/** The model whose provider keeps the answer that a request goes on with; undefined where none is named or known. */
export function holderOf(state: State, body: unknown): string | undefined {
  const id = isObject(body) ? text(body['previous_response_id']) : undefined;
  return id === undefined ? undefined : cellOf(state, id).get();
}
