import { createHash } from 'node:crypto';
import type { ChatMessage, ToolCallPart, ToolResultPart } from '../chat.ts';

/** OpenAI takes ids of at most this many characters. */
const MAX_ID = 64;

/** A call with an id of its own, and its result. */
export interface PairedCall {
  readonly part: ToolCallPart;
  result?: ToolResultPart;
}

/** The calls of a conversation, each with what it gave. */
export interface PairedCalls {
  of(part: ToolCallPart): PairedCall | undefined;
  /** Whether a result has found its call. */
  has(result: ToolResultPart): boolean;
}

function shortened(id: string): string {
  return id.length <= MAX_ID ? id : `call_${createHash('sha256').update(id).digest('hex').slice(0, 24)}`;
}

/** Pairs calls and results. An id that is missing, used again or too long becomes one of its own. */
export function pairCalls(messages: readonly ChatMessage[]): PairedCalls {
  const calls = new Map<ToolCallPart, PairedCall>();
  const latest = new Map<string, PairedCall>();
  const used = new Set<string>();
  const placed = new Set<ToolResultPart>();

  const freshId = (asked: string): string => {
    const place = calls.size;
    let id = shortened(asked === '' ? `call_${place}` : asked);
    if (used.has(id)) id = shortened(`${id}_${place}`);
    used.add(id);
    return id;
  };
  const callOf = ({ toolCallId, toolName }: ToolResultPart): PairedCall | undefined => {
    if (toolCallId !== '') return latest.get(toolCallId);
    for (const call of calls.values())
      if (call.result === undefined && (toolName === '' || call.part.toolName === toolName)) return call;
    return undefined;
  };

  for (const { content } of messages) {
    for (const part of content) {
      if (part.type === 'tool-call') {
        const call: PairedCall = { part: { ...part, toolCallId: freshId(part.toolCallId) } };
        calls.set(part, call);
        latest.set(part.toolCallId, call);
      } else if (part.type === 'tool-result') {
        const call = callOf(part);
        if (call === undefined || call.result !== undefined) continue;
        call.result = part;
        placed.add(part);
      }
    }
  }
  return { of: (part) => calls.get(part), has: (result) => placed.has(result) };
}
