const RESPONSE = 'resp_';
/** Providers keep thoughts by their ids and refuse one that they never gave, so ours can be told from theirs. */
const REASONING = 'rs_signalbox_';

/** OpenAI takes ids of these characters only, 64 at most. */
const OTHER = /[^A-Za-z0-9_-]/g;
const MAX_BASE = 44;

/** OpenAI's ids begin so, and some clients look. */
export const responseId = (id: string): string => (id.startsWith(RESPONSE) ? id : RESPONSE + id);

/** An id of an answer's `place`th item. */
export function itemId(kind: 'message' | 'function_call' | 'reasoning', response: string, place: number): string {
  const own = response.startsWith(RESPONSE) ? response.slice(RESPONSE.length) : response;
  const base = own.replace(OTHER, '-').slice(0, MAX_BASE);
  const prefix = kind === 'message' ? 'msg_' : kind === 'function_call' ? 'fc_' : REASONING;
  return `${prefix}${base}_${place}`;
}

/** Whether reasoning of this id was translated here. */
export const isOwnReasoning = (id: string): boolean => id.startsWith(REASONING);
