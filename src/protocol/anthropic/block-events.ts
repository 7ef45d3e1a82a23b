import type { ChatEvent } from '../chat.ts';
import { isObject, text, type JsonObject } from '../guards.ts';
import { signatureOf } from './unsigned.ts';

/** What a content block says where it begins, or as a whole; nothing for blocks of servers' tools. */
export function blockEvents(block: JsonObject, call: number): ChatEvent[] {
  switch (block['type']) {
    case 'text': {
      const delta = text(block['text']) ?? '';
      return delta === '' ? [] : [{ type: 'text-delta', delta }];
    }
    case 'thinking':
      return thoughtEvents(text(block['thinking']), signatureOf(block['signature']));
    case 'redacted_thinking':
      return [{ type: 'reasoning-delta', delta: '', redacted: text(block['data']) ?? '' }];
    case 'tool_use':
      return [callEvent(block, call)];
    default:
      return [];
  }
}

/** A piece of thought, with its signature where it ends. */
export function thoughtEvents(delta = '', signature = ''): ChatEvent[] {
  if (signature !== '') return [{ type: 'reasoning-delta', delta, signature }];
  return delta === '' ? [] : [{ type: 'reasoning-delta', delta }];
}

/** A call's beginning. Whole answers have its input here, streams an empty one. */
function callEvent(block: JsonObject, index: number): ChatEvent {
  const { input } = block;
  const toolCallId = text(block['id']);
  return {
    type: 'tool-call-delta',
    index,
    ...(toolCallId === undefined ? {} : { toolCallId }),
    toolName: text(block['name']) ?? '',
    delta: isObject(input) && Object.keys(input).length > 0 ? JSON.stringify(input) : '',
  };
}
