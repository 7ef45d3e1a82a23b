import type { ChatEvent } from '../chat.ts';
import { sayMore, type Position } from '../tap.ts';
import { createJsonEnd, type JsonEnd } from '../json-end.ts';
import { toolId } from './tool-id.ts';
import { UNSIGNED } from './unsigned.ts';
import type { Mutable } from '../mutable.ts';

type CallDelta = Extract<ChatEvent, { type: 'tool-call-delta' }>;
type ReasoningDelta = Extract<ChatEvent, { type: 'reasoning-delta' }>;

/** What content blocks hold. */
export type ContentEvent = CallDelta | ReasoningDelta | Extract<ChatEvent, { type: 'text-delta' }>;

/** One event of the stream. */
export function eventBytes(type: string, body: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`);
}

/** Content blocks, one at a time, with the events that open and close them. */
export interface Blocks {
  /** Nothing for what must wait until the open block is over. */
  write(event: ContentEvent): Buffer[];
  /** What waited, and the end of the open block. */
  end(): Buffer[];
}

/** The call whose block is open. */
interface OpenCall {
  readonly index: number;
  readonly json: JsonEnd;
  /** No more of it is waited for. */
  over: boolean;
}

/** Bytes of single blocks; `position` says which is open, and is kept up to date. */
function createBlock(position: Mutable<Position>, begin: () => Buffer[]) {
  const delta = (body: object): Buffer =>
    eventBytes('content_block_delta', { index: position.blocks - 1, delta: body });
  /** `proven`: thoughts have their proof, where they are any. */
  const close = (proven = false): Buffer[] => {
    if (position.open === undefined) return [];
    const unsigned = position.open === 'reasoning' && !proven;
    delete position.open;
    return [
      ...(unsigned ? [delta({ type: 'signature_delta', signature: UNSIGNED })] : []),
      eventBytes('content_block_stop', { index: position.blocks - 1 }),
    ];
  };
  return {
    close,
    delta,
    open(kind: NonNullable<Position['open']>, block: object): Buffer[] {
      const before = [...begin(), ...close()];
      position.open = kind;
      position.blocks++;
      return [...before, eventBytes('content_block_start', { index: position.blocks - 1, content_block: block })];
    },
  };
}

/**
 * Writes blocks from where `position` stands. Parallel tool calls may be told in pieces of each: here a block ends
 * before the next begins, so what comes between two pieces of a call waits until its arguments are whole.
 */
export function createBlocks(position: Mutable<Position>, begin: () => Buffer[], requestId: string): Blocks {
  const block = createBlock(position, begin);
  /** Calls of the answer's earlier part have ids of their own. */
  const callsBefore = position.toolCalls;
  const told = new Set<number>();
  let call: OpenCall | undefined;
  let waiting: ContentEvent[] = [];
  /** Thoughts that others began are not gone on with: they would be signed together. */
  let thinking = false;

  const open = (kind: NonNullable<Position['open']>, body: object): Buffer[] => {
    call = undefined;
    thinking = kind === 'reasoning';
    return block.open(kind, body);
  };
  const text = (words: string): Buffer[] => {
    if (words === '') return [];
    position.said = sayMore(position.said, words);
    const delta = { type: 'text_delta', text: words };
    if (position.open === 'text') return [block.delta(delta)];
    return [...open('text', { type: 'text', text: '' }), block.delta(delta)];
  };
  const reasoning = ({ delta, signature, redacted }: ReasoningDelta): Buffer[] => {
    if (redacted !== undefined) {
      return [...open('reasoning', { type: 'redacted_thinking', data: redacted }), ...block.close(true)];
    }
    // What only OpenAI can read has no place here.
    if (delta === '' && signature === undefined) return [];
    const out =
      thinking && position.open === 'reasoning'
        ? []
        : open('reasoning', { type: 'thinking', thinking: '', signature: '' });
    if (delta !== '') out.push(block.delta({ type: 'thinking_delta', thinking: delta }));
    if (signature !== undefined) out.push(block.delta({ type: 'signature_delta', signature }), ...block.close(true));
    return out;
  };
  const toolCall = ({ index, toolCallId = '', toolName = '', delta }: CallDelta): Buffer[] => {
    const out: Buffer[] = [];
    if (call?.index !== index) {
      if (told.has(index)) return out;
      told.add(index);
      position.toolCalls++;
      const id = toolId(toolCallId === '' ? `toolu_${requestId}_${callsBefore + index}` : toolCallId);
      out.push(...open('tool-call', { type: 'tool_use', id, name: toolName, input: {} }));
      call = { index, json: createJsonEnd(), over: false };
    }
    if (delta === '' || call === undefined || call.over) return out;
    out.push(block.delta({ type: 'input_json_delta', partial_json: delta }));
    call.over = call.json.add(delta);
    if (call.over) out.push(...release());
    return out;
  };
  const write = (event: ContentEvent): Buffer[] => {
    const own = event.type === 'tool-call-delta' && event.index === call?.index;
    if (call !== undefined && !call.over && !own) {
      waiting.push(event);
      return [];
    }
    if (event.type === 'tool-call-delta') return toolCall(event);
    return event.type === 'text-delta' ? text(event.delta) : reasoning(event);
  };
  const release = (): Buffer[] => {
    const events = waiting;
    waiting = [];
    return events.flatMap(write);
  };

  return {
    write,
    end() {
      const out: Buffer[] = [];
      // Each turn ends one call at least.
      while (waiting.length > 0) {
        if (call !== undefined) call.over = true;
        out.push(...release());
      }
      call = undefined;
      return [...out, ...block.close()];
    },
  };
}
