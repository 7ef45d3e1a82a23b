import { SignalboxError } from '../../errors.ts';
import { isObject, text, type JsonObject } from '../guards.ts';

/** One item of the input, and where it stands there. */
export interface Item {
  readonly at: number;
  readonly body: JsonObject;
}

/** Items that one side gives in a row; a model's thoughts, words and calls are one turn of its own. */
export interface Turn {
  readonly role: 'system' | 'user' | 'assistant' | 'tool';
  readonly items: Item[];
}

const ROLES: Readonly<Record<string, Turn['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
};

/** Whose turn an item belongs to, where it is not a message. */
const OWNERS: Readonly<Record<string, Turn['role']>> = {
  function_call: 'assistant',
  reasoning: 'assistant',
  function_call_output: 'tool',
};

/** A fault of the request, by the path where it is. */
export function invalid(path: string, expected: string): SignalboxError {
  return new SignalboxError('invalid_request', `${path}: expected ${expected}`, { param: path });
}

/** What an item is. Messages and references may leave it out. */
export function typeOf(item: JsonObject): string | undefined {
  const type = text(item['type']);
  if (type !== undefined) return type;
  if (item['role'] !== undefined) return 'message';
  return text(item['id']) === undefined ? undefined : 'item_reference';
}

function roleOf(item: JsonObject, type: string, at: number): Turn['role'] | undefined {
  if (type !== 'message') return OWNERS[type];
  const role = ROLES[text(item['role']) ?? ''];
  if (role === undefined) throw invalid(`input[${at}].role`, `one of ${Object.keys(ROLES).join(', ')}`);
  return role;
}

function wordsOf(role: Turn['role'], words: string): Turn {
  return { role, items: [{ at: 0, body: { type: 'message', role, content: words } }] };
}

/**
 * A request's turns in order: instructions first. Items that only their provider understands are left out and named
 * in `others`.
 * @throws `invalid_request` for what is no list of items.
 */
export function turnsOf({ instructions, input }: JsonObject, others?: Set<string>): Turn[] {
  const turns: Turn[] =
    typeof instructions === 'string' && instructions !== '' ? [wordsOf('system', instructions)] : [];
  if (input === undefined || input === null) return turns;
  if (typeof input === 'string') return [...turns, wordsOf('user', input)];
  if (!Array.isArray(input)) throw invalid('input', 'a string or an array of items');
  for (const [at, body] of input.entries()) {
    if (!isObject(body)) throw invalid(`input[${at}]`, 'an object');
    const type = typeOf(body);
    if (type === undefined) throw invalid(`input[${at}].type`, 'the type of an item');
    const role = roleOf(body, type, at);
    if (role === undefined) {
      others?.add(`input.${type}`);
      continue;
    }
    const last = turns.at(-1);
    if (last?.role === role && (role === 'assistant' || role === 'tool')) last.items.push({ at, body });
    else turns.push({ role, items: [{ at, body }] });
  }
  return turns;
}
