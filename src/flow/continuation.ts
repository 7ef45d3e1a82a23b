import { OTHER_COUNTS } from '../ledger/record-guard.ts';
import type { ChatEvent, ChatRequest, Usage } from '../protocol/chat.ts';
import { UpstreamFailure } from '../providers/provider.ts';

/** How an upstream is asked to go on with another's answer. */
export type ContinuationMode =
  /** The text so far stands at the end of the request as the assistant's. */
  | 'prefill'
  /** The same request again: its answer must begin with the text so far. */
  | 'restart';

/** The request that asks for the rest of an answer. */
export function continued(chat: ChatRequest, text: string): ChatRequest {
  return { ...chat, messages: [...chat.messages, { role: 'assistant', content: [{ type: 'text', text }] }] };
}

/** Counts that not every call has. */
const PARTS = [
  'cacheRead',
  'cacheWrite',
  'cacheWriteHour',
  'reasoning',
  ...OTHER_COUNTS,
] as const satisfies readonly (keyof Usage)[];

/** Both calls' tokens. */
export function addUsage(first: Usage, second: Usage): Usage {
  const parts = PARTS.filter((name) => first[name] !== undefined || second[name] !== undefined);
  return {
    input: first.input + second.input,
    output: first.output + second.output,
    ...Object.fromEntries(parts.map((name) => [name, (first[name] ?? 0) + (second[name] ?? 0)])),
    ...(first.estimated === true || second.estimated === true ? { estimated: true } : {}),
    ...(second.partial === true ? { partial: true } : {}),
  };
}

export interface SpliceInput {
  /** What the caller has. */
  readonly said: string;
  readonly mode: ContinuationMode;
  /** Tokens of the legs before. */
  readonly usage: Usage;
}

/**
 * Joins an answer to the text that the caller has already: nothing is told twice. An answer that begins with that text
 * is taken from where it ends, whatever was asked for.
 * @throws UpstreamFailure `sick` from the filter when a restarted answer turns out to be another one.
 */
export function createSplice({ said, mode, usage }: SpliceInput): (event: ChatEvent) => readonly ChatEvent[] {
  /** White space that the caller has and a prefill lacks. */
  const gap = said.slice(said.trimEnd().length);
  let held = '';
  /** All of `held` is how the first answer began. */
  let repeats = true;
  let joined = said === '';

  const rest = (text: string): readonly ChatEvent[] => {
    joined = true;
    return text === '' ? [] : [{ type: 'text-delta', delta: text }];
  };
  const anew = (): never => {
    throw new UpstreamFailure('sick', 'another answer began, where the rest of the first one was wanted', {
      blameless: true,
    });
  };
  const continuation = (text: string): readonly ChatEvent[] =>
    mode === 'restart' ? anew() : rest(text.startsWith(gap) ? text.slice(gap.length) : text);
  const take = (delta: string): readonly ChatEvent[] => {
    repeats &&= said.startsWith(delta.slice(0, said.length - held.length), held.length);
    held += delta;
    if (repeats) return held.length >= said.length ? rest(held.slice(said.length)) : [];
    // White space may still be the part of what was said that a prefill lacks.
    return mode === 'prefill' && held.length < gap.length && gap.startsWith(held) ? [] : continuation(held);
  };

  return (event) => {
    if (event.type === 'usage') return [{ type: 'usage', usage: addUsage(usage, event.usage) }];
    if (joined) return [event];
    if (event.type === 'text-delta') return take(event.delta);
    // The caller is past the thinking.
    if (event.type === 'reasoning-delta') return [];
    if (event.type === 'tool-call-delta' || event.type === 'finish') {
      const before = held === '' && mode === 'prefill' ? rest('') : continuation(held);
      return [...before, event];
    }
    return [event];
  };
}
