import type { ChatEvent } from '../chat.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';

/** How much of an item has been told in pieces, in characters, and the number of its call. */
export interface Told {
  chars: number;
  readonly call: number;
}

/** Calls of functions, and of tools that take a text. */
export const isCall = (item: JsonObject): boolean =>
  item['type'] === 'function_call' || item['type'] === 'custom_tool_call';

/** The beginning of a call. */
export function callEvent(item: JsonObject, index: number): ChatEvent {
  const toolCallId = text(item['call_id']) ?? text(item['id']);
  return {
    type: 'tool-call-delta',
    index,
    ...(toolCallId === undefined ? {} : { toolCallId }),
    toolName: text(item['name']) ?? '',
    delta: '',
  };
}

function wordsOf(parts: unknown): string[] {
  return list(parts).flatMap((part) => (isObject(part) ? (text(part['text']) ?? text(part['refusal']) ?? []) : []));
}

export const isRefusal = (part: unknown): boolean => isObject(part) && part['type'] === 'refusal';

function reasoningEvents(item: JsonObject, told: boolean): ChatEvent[] {
  const thoughts = wordsOf(item['content']);
  const delta = told ? '' : (thoughts.length > 0 ? thoughts : wordsOf(item['summary'])).join('\n\n');
  const encrypted = text(item['encrypted_content']) ?? '';
  if (encrypted === '') return delta === '' ? [] : [{ type: 'reasoning-delta', delta }];
  const id = text(item['id']);
  return [{ type: 'reasoning-delta', delta, encrypted, ...(id === undefined ? {} : { id }) }];
}

/** What a complete item says beyond what was told of it. */
export function itemEvents(item: JsonObject, { chars, call }: Told): ChatEvent[] {
  if (isCall(item)) {
    const input = text(item['arguments']) ?? text(item['input']) ?? '';
    return input.length > chars ? [{ type: 'tool-call-delta', index: call, delta: input.slice(chars) }] : [];
  }
  if (item['type'] === 'reasoning') return reasoningEvents(item, chars > 0);
  if (item['type'] !== 'message' || chars > 0) return [];
  const delta = wordsOf(item['content']).join('');
  return delta === '' ? [] : [{ type: 'text-delta', delta }];
}
