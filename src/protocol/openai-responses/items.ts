import type { ChatMessage, ChatPart, FilePart, ReasoningPart, TextPart, ToolResultPart } from '../chat.ts';
import { AUDIO_FORMATS } from '../audio-formats.ts';
import { given } from '../guards.ts';
import { pairCalls, type PairedCall, type PairedCalls } from './calls.ts';

/** Inline files must have a name. */
const NAMES: Readonly<Record<string, string>> = { 'application/pdf': 'file.pdf', 'text/plain': 'file.txt' };

function filePart({ data, mediaType, filename, detail }: FilePart): object {
  const url = data instanceof URL ? data.href : `data:${mediaType};base64,${data}`;
  if (mediaType.startsWith('image/')) return { type: 'input_image', image_url: url, detail: detail ?? 'auto' };
  if (data instanceof URL) return given({ type: 'input_file', file_url: url, filename, detail });
  const format = AUDIO_FORMATS[mediaType];
  if (format !== undefined) return { type: 'input_audio', input_audio: { data, format } };
  return given({ type: 'input_file', filename: filename ?? NAMES[mediaType] ?? 'file', file_data: url, detail });
}

type Shown = TextPart | FilePart;

/** Text that is there, and files: all that a message may show. */
const isShown = (part: ChatPart): part is Shown => part.type === 'file' || (part.type === 'text' && part.text !== '');

/** The words alone where there is nothing else: every host takes that form. */
function contentOf(parts: readonly Shown[], textType: 'input_text' | 'output_text'): string | object[] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text') return only.text;
  return parts.map((part) => (part.type === 'text' ? { type: textType, text: part.text } : filePart(part)));
}

function message(role: string, parts: readonly Shown[]): object[] {
  const textType = role === 'assistant' ? 'output_text' : 'input_text';
  return parts.length === 0 ? [] : [{ type: 'message', role, content: contentOf(parts, textType) }];
}

function callItem({ part }: PairedCall): object {
  const { toolCallId, toolName, input } = part;
  return { type: 'function_call', call_id: toolCallId, name: toolName, arguments: input === '' ? '{}' : input };
}

function resultItem({ part, result }: PairedCall): object {
  const { output = 'no result', files = [] } = result ?? {};
  const shown: Shown[] = [...(output === '' ? [] : [{ type: 'text', text: output } as const]), ...files];
  return {
    type: 'function_call_output',
    call_id: part.toolCallId,
    output: files.length === 0 ? output : contentOf(shown, 'input_text'),
  };
}

function reasoningItem({ id, text, encrypted }: ReasoningPart): object {
  const summary = text === '' ? [] : [{ type: 'summary_text', text }];
  return given({ type: 'reasoning', id, summary, encrypted_content: encrypted });
}

/** What the model said, in its order. Thoughts must have their proof and something after them. */
function assistantItems(parts: readonly ChatPart[], calls: PairedCalls, lost: Set<string>): object[] {
  const items: object[] = [];
  const last = parts.findLastIndex((part) => part.type === 'tool-call' || (part.type === 'text' && part.text !== ''));
  let said: TextPart[] = [];
  const flush = (): void => {
    items.push(...message('assistant', said));
    said = [];
  };
  for (const [i, part] of parts.entries()) {
    if (part.type === 'text') {
      if (part.text !== '') said.push(part);
      continue;
    }
    if (part.type === 'tool-result') continue;
    if (part.type === 'file') {
      lost.add('messages.file');
      continue;
    }
    if (part.type === 'reasoning' && (part.encrypted === undefined || i > last)) {
      lost.add('messages.reasoning');
      continue;
    }
    flush();
    const call = part.type === 'tool-call' ? calls.of(part) : undefined;
    if (part.type === 'reasoning') items.push(reasoningItem(part));
    else if (call !== undefined) items.push(callItem(call));
  }
  flush();
  return items;
}

/** The results of calls straight after them: a call without one is refused. */
function resultItems(parts: readonly ChatPart[], calls: PairedCalls): object[] {
  return parts.flatMap((part) => (part.type === 'tool-call' ? (calls.of(part) ?? []) : [])).map(resultItem);
}

/** A result that no call asked for is something that the user says. */
function strayParts(part: ToolResultPart, lost: Set<string>): Shown[] {
  lost.add('messages.tool_result');
  return [{ type: 'text', text: part.output }, ...(part.files ?? [])];
}

/** Messages as input items: every call with its result after it. */
export function itemsOf(messages: readonly ChatMessage[], lost: Set<string>): object[] {
  const calls = pairCalls(messages);
  return messages.flatMap(({ role, content }) => {
    if (role === 'assistant') return [...assistantItems(content, calls, lost), ...resultItems(content, calls)];
    if (content.some(({ type }) => type === 'reasoning' || type === 'tool-call')) lost.add('messages.content');
    const parts = content.flatMap((part): ChatPart[] =>
      part.type !== 'tool-result' ? [part] : calls.has(part) ? [] : strayParts(part, lost),
    );
    return message(role === 'system' ? 'system' : 'user', parts.filter(isShown));
  });
}
