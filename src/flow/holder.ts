import { isObject, text } from '../protocol/guards.ts';
import type { State } from '../state/state.ts';

/** OpenAI keeps an answer for 30 days, milliseconds. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The account that keeps an answer, and the model that gave it. */
export interface Holder {
  readonly model: string;
  readonly provider: string;
  /** Which of the provider's keys, from 0. */
  readonly key: number;
  /** Name of the caller's key; left out where none is needed. */
  readonly owner?: string | undefined;
  /** Scope of the caller's own key at a provider; left out where it brought none. */
  readonly scope?: string | undefined;
}

/** What a request goes on with, and who keeps it. */
export interface Held extends Holder {
  /** Of an answer or a conversation. */
  readonly id: string;
}

const nameOf = (id: string): string => `response:${id}`;
const cellOf = (state: State, id: string) => state.cell<Holder>(nameOf(id));

/** The conversation that a request names, by its id or as an object. */
function conversationOf(body: unknown): string | undefined {
  const conversation = isObject(body) ? body['conversation'] : undefined;
  return text(isObject(conversation) ? conversation['id'] : conversation);
}

/** This account keeps the answer of this id to a request, and the conversation that it belongs to. */
export function rememberHolder(state: State, id: string, body: unknown, holder: Holder): void {
  cellOf(state, id).set(holder, KEPT_MS);
  const conversation = conversationOf(body);
  if (conversation !== undefined) cellOf(state, conversation).set(holder, KEPT_MS);
}

/** What a request goes on with: an answer, or a conversation. */
function heldIdOf(body: unknown): string | undefined {
  return (isObject(body) ? text(body['previous_response_id']) : undefined) ?? conversationOf(body);
}

/** Fetches what other processes know of what a request goes on with; undefined where there is nothing to wait for. */
export function recallHolder(state: State, body: unknown): Promise<void> | undefined {
  const id = heldIdOf(body);
  return id === undefined ? undefined : state.load([nameOf(id)]);
}

/** Who keeps the answer or the conversation that a request goes on with; undefined where none is named or known. */
export function heldBy(state: State, body: unknown): Held | undefined {
  const id = heldIdOf(body);
  const holder = id === undefined ? undefined : cellOf(state, id).get();
  return id === undefined || holder === undefined ? undefined : { id, ...holder };
}
