import type { ChatEvent, FinishReason, Usage } from './chat.ts';
import type { Mutable } from './mutable.ts';

/** A complete tool call. */
export interface CollectedCall {
  readonly toolCallId: string | undefined;
  readonly toolName: string;
  /** Arguments as JSON text; `{}` for a call without any. */
  readonly input: string;
}

/** A piece of reasoning with its proof. */
export interface CollectedReasoning {
  readonly text: string;
  readonly signature?: string;
  readonly redacted?: string;
  readonly encrypted?: string;
  readonly id?: string;
}

/** An answer as one value. */
export interface CollectedAnswer {
  readonly metadata: { readonly id?: string; readonly model?: string; readonly createdAt?: number };
  readonly text: string;
  /** All the readable reasoning. */
  readonly reasoning: string;
  readonly reasoningParts: readonly CollectedReasoning[];
  readonly toolCalls: readonly CollectedCall[];
  readonly finishReason: FinishReason | undefined;
  readonly stopSequence: string | undefined;
  readonly usage: Usage | undefined;
  readonly error: string | undefined;
}

function collectReasoning(parts: Mutable<CollectedReasoning>[], open: boolean, event: ChatEvent): boolean {
  if (event.type !== 'reasoning-delta') return false;
  if (event.redacted !== undefined) {
    parts.push({ text: '', redacted: event.redacted });
    return false;
  }
  let last = open ? parts.at(-1) : undefined;
  if (last === undefined) {
    last = { text: '' };
    parts.push(last);
  }
  last.text += event.delta;
  if (event.signature !== undefined) last.signature = event.signature;
  if (event.encrypted !== undefined) last.encrypted = event.encrypted;
  if (event.id !== undefined) last.id = event.id;
  // What is signed is over.
  return event.signature === undefined && event.encrypted === undefined;
}

/** Folds the events of one answer. */
export function collectAnswer(events: readonly ChatEvent[]): CollectedAnswer {
  let metadata: CollectedAnswer['metadata'] = {};
  let text = '';
  let finish: Extract<ChatEvent, { type: 'finish' }> | undefined;
  let usage: Usage | undefined;
  let error: string | undefined;
  let open = false;
  const reasoningParts: Mutable<CollectedReasoning>[] = [];
  const calls = new Map<number, { toolCallId: string | undefined; toolName: string; input: string }>();
  for (const event of events) {
    open = collectReasoning(reasoningParts, open, event);
    if (event.type === 'response-metadata') metadata = event;
    else if (event.type === 'text-delta') text += event.delta;
    else if (event.type === 'finish') finish = event;
    else if (event.type === 'usage') usage = event.usage;
    else if (event.type === 'error') error = event.message;
    else if (event.type === 'tool-call-delta') {
      const call = calls.get(event.index) ?? { toolCallId: event.toolCallId, toolName: '', input: '' };
      if (call.toolName === '') call.toolName = event.toolName ?? '';
      call.input += event.delta;
      calls.set(event.index, call);
    }
  }
  return {
    metadata,
    text,
    reasoning: reasoningParts.map((part) => part.text).join(''),
    reasoningParts,
    toolCalls: [...calls.values()].map((call) => ({ ...call, input: call.input === '' ? '{}' : call.input })),
    finishReason: finish?.finishReason,
    stopSequence: finish?.stopSequence,
    usage,
    error,
  };
}
