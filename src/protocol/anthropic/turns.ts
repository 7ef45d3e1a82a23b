import type { ChatMessage, ChatPart, ToolCallPart, ToolResultPart } from '../chat.ts';
import { toolId } from './tool-id.ts';

/** All that one side says before the other does. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  parts: ChatPart[];
}

interface Call {
  readonly part: ToolCallPart;
  result?: ToolResultPart;
}

/** Stands where something must and nothing was said. */
const NOTHING = { type: 'text', text: '…' } as const;

/** Calls by the ids that the request names them with. An id that is empty or used again becomes one of its own. */
function createCalls() {
  const all: Call[] = [];
  const latest = new Map<string, Call>();
  const used = new Set<string>();
  const freshId = (asked: string): string => {
    const place = String(all.length);
    let id = toolId(asked === '' ? `toolu_${place}` : asked);
    if (used.has(id)) id = toolId(`${asked}#${place}`);
    used.add(id);
    return id;
  };
  return {
    add(part: ToolCallPart): Call {
      const call: Call = { part: { ...part, toolCallId: freshId(part.toolCallId) } };
      all.push(call);
      latest.set(part.toolCallId, call);
      return call;
    },
    /** The call that a result answers: the last of its id, or the first without an answer of its tool. */
    answeredBy({ toolCallId, toolName }: ToolResultPart): Call | undefined {
      const call =
        toolCallId === ''
          ? all.find((open) => open.result === undefined && (toolName === '' || open.part.toolName === toolName))
          : latest.get(toolCallId);
      return call?.result === undefined ? call : undefined;
    },
  };
}

/** A call must be answered before anything else is said. */
function resultOf({ part, result }: Call): ToolResultPart {
  const { toolCallId, toolName } = part;
  return result ?? { type: 'tool-result', toolCallId, toolName, output: 'no result', isError: true };
}

interface Draft extends Turn {
  readonly calls: Call[];
}

function draftsOf(messages: readonly ChatMessage[], lost: Set<string>): Draft[] {
  const drafts: Draft[] = [];
  const calls = createCalls();
  for (const message of messages) {
    const calling = message.content.some(({ type }) => type === 'tool-call');
    const role = message.role === 'assistant' || calling ? 'assistant' : 'user';
    let draft = drafts.at(-1);
    if (draft?.role !== role) drafts.push((draft = { role, parts: [], calls: [] }));
    for (const part of message.content) {
      if (part.type === 'tool-call') {
        const call = calls.add(part);
        draft.calls.push(call);
        draft.parts.push(call.part);
      } else if (part.type === 'tool-result') {
        const call = calls.answeredBy(part);
        if (call !== undefined) call.result = { ...part, toolCallId: call.part.toolCallId };
        else {
          lost.add('messages.tool_result');
          draft.parts.push({ type: 'text', text: part.output }, ...(part.files ?? []));
        }
      } else draft.parts.push(part);
    }
  }
  return drafts;
}

/** Whether this dialect can say a part: nothing empty, and no thoughts but those with Anthropic's own proof. */
function isSaid(part: ChatPart, role: Turn['role'], lost: Set<string>): boolean {
  if (part.type === 'text') return part.text !== '';
  // Models of this dialect show nothing.
  if (part.type === 'file' && role === 'assistant') lost.add('messages.file');
  if (part.type !== 'reasoning') return part.type !== 'file' || role === 'user';
  if (role === 'assistant' && (part.redacted !== undefined || (part.signature ?? '') !== '')) return true;
  lost.add('messages.reasoning');
  return false;
}

/** The API refuses a beginning of an answer that ends in white space. */
function trimEnd(turn: Turn | undefined): void {
  const last = turn?.parts.at(-1);
  if (turn?.role !== 'assistant' || last?.type !== 'text') return;
  const text = last.text.trimEnd();
  turn.parts = [...turn.parts.slice(0, -1), ...(text === '' ? [] : [{ ...last, text }])];
}

/**
 * Turns as this dialect wants them: the user's first, alternating, the results of tools at the head of the turn after
 * their calls. A result without a call becomes the user's text.
 */
export function turnsOf(messages: readonly ChatMessage[], lost: Set<string>): Turn[] {
  const drafts = draftsOf(messages, lost);
  const turns: Turn[] = [];
  const add = (turn: Turn): void => {
    const last = turns.at(-1);
    if (turn.parts.length === 0) return;
    if (last?.role === turn.role) last.parts.push(...turn.parts);
    else turns.push(turn);
  };
  for (const [i, { role, parts, calls }] of drafts.entries()) {
    add({ role, parts: parts.filter((part) => isSaid(part, role, lost)) });
    const open = calls.some(({ result }) => result !== undefined) || i + 1 < drafts.length;
    if (open) add({ role: 'user', parts: calls.map(resultOf) });
  }
  trimEnd(turns.at(-1));
  if (turns.at(-1)?.parts.length === 0) turns.pop();
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', parts: [NOTHING] });
  return turns;
}
