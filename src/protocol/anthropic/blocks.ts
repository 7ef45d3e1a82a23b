import type { ChatEvent } from '../chat.ts';
import { MAX_SEEN_CHARS, type Position } from '../tap.ts';
import { toolId } from './tool-id.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type CallDelta = Extract<ChatEvent, { type: 'tool-call-delta' }>;

/** One event of the stream. */
export function eventBytes(type: string, body: object): Buffer {
  return Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`);
}

/** Parallel tool calls may be told in pieces of each; here one block ends before the next begins. */
interface WaitingCall {
  readonly id: string;
  readonly name: string;
  input: string;
}

/** Content blocks, one at a time, with the events that open and close them. */
export interface Blocks {
  text(words: string): Buffer[];
  reasoning(event: Extract<ChatEvent, { type: 'reasoning-delta' }>): Buffer[];
  call(event: CallDelta): Buffer[];
  /** What waited, and the end of the open block. */
  end(): Buffer[];
}

/** Writes blocks from where `position` stands, which it keeps up to date. */
export function createBlocks(position: Mutable<Position>, begin: () => Buffer[], requestId: string): Blocks {
  /** The call whose block is open, and those that wait for their turn. */
  let current: number | undefined;
  const waiting = new Map<number, WaitingCall>();
  const told = new Set<number>();

  const close = (): Buffer[] => {
    if (position.open === undefined) return [];
    delete position.open;
    current = undefined;
    return [eventBytes('content_block_stop', { index: position.blocks - 1 })];
  };
  const openBlock = (kind: NonNullable<Position['open']>, block: object): Buffer[] => {
    const before = [...begin(), ...close()];
    position.open = kind;
    position.blocks++;
    return [...before, eventBytes('content_block_start', { index: position.blocks - 1, content_block: block })];
  };
  const delta = (body: object): Buffer =>
    eventBytes('content_block_delta', { index: position.blocks - 1, delta: body });

  const textDelta = (words: string): Buffer[] => {
    if (position.said !== undefined) {
      position.said = position.said.length + words.length > MAX_SEEN_CHARS ? undefined : position.said + words;
    }
    const opening = position.open === 'text' ? begin() : openBlock('text', { type: 'text', text: '' });
    return [...opening, delta({ type: 'text_delta', text: words })];
  };
  const reasoningDelta = (event: Extract<ChatEvent, { type: 'reasoning-delta' }>): Buffer[] => {
    if (event.redacted !== undefined) {
      return [...openBlock('reasoning', { type: 'redacted_thinking', data: event.redacted }), ...close()];
    }
    // What only OpenAI can read has no place here.
    if (event.delta === '' && event.signature === undefined) return [];
    const opening =
      position.open === 'reasoning'
        ? begin()
        : openBlock('reasoning', { type: 'thinking', thinking: '', signature: '' });
    return [
      ...opening,
      ...(event.delta === '' ? [] : [delta({ type: 'thinking_delta', thinking: event.delta })]),
      ...(event.signature === undefined
        ? []
        : [delta({ type: 'signature_delta', signature: event.signature }), ...close()]),
    ];
  };
  const openCall = (index: number, call: WaitingCall): Buffer[] => {
    const opening = openBlock('tool-call', { type: 'tool_use', id: call.id, name: call.name, input: {} });
    current = index;
    told.add(index);
    return call.input === '' ? opening : [...opening, delta({ type: 'input_json_delta', partial_json: call.input })];
  };
  const callDelta = (event: CallDelta): Buffer[] => {
    const { index } = event;
    if (index === current) {
      return event.delta === '' ? [] : [delta({ type: 'input_json_delta', partial_json: event.delta })];
    }
    if (told.has(index)) return [];
    const known = waiting.get(index);
    const call = known ?? {
      id: toolId(event.toolCallId ?? `toolu_${requestId}_${index}`),
      name: event.toolName ?? '',
      input: '',
    };
    call.input += event.delta;
    if (current !== undefined) {
      waiting.set(index, call);
      return [];
    }
    position.toolCalls++;
    return openCall(index, call);
  };
  const waitingCalls = (): Buffer[] => {
    const out: Buffer[] = [];
    for (const [index, call] of waiting) {
      position.toolCalls++;
      out.push(...openCall(index, call));
    }
    waiting.clear();
    return out;
  };

  return {
    text: (words) => [...waitingCalls(), ...textDelta(words)],
    reasoning: reasoningDelta,
    call: callDelta,
    end: () => [...waitingCalls(), ...close()],
  };
}
