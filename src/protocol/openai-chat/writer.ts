import type { ChatEvent, FinishReason, Usage } from '../chat.ts';
import type { EncoderOptions, EventWriter } from '../codec.ts';
import { collectAnswer } from '../collect.ts';
import { sayMore } from '../tap.ts';
import { openaiUsage } from './usage.ts';

const FINISH_NAMES: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  error: 'stop',
  other: 'stop',
};

/** OpenAI's ids begin so, and some clients look. */
const idOf = (id: string): string => (id.startsWith('chatcmpl-') ? id : `chatcmpl-${id}`);

/** Writes OpenAI's chat stream: one id on all chunks, the role in the first delta, usage in its own chunk, `[DONE]`. */
export function writeOpenAIChat({ id, model, createdAt, includeUsage, resume }: EncoderOptions): EventWriter {
  let head = {
    id: resume?.id ?? idOf(id),
    object: 'chat.completion.chunk',
    created: resume?.createdAt ?? createdAt,
    model: resume?.model ?? model,
  };
  let begun = resume?.begun ?? false;
  let said = resume === undefined ? '' : resume.said;
  let finished = false;
  let failed = false;
  let usage: Usage | undefined;
  /** Whether the calls have arguments so far. */
  const calls = new Map<number, boolean>();

  const line = (body: object) => Buffer.from(`data: ${JSON.stringify(body)}\n\n`);
  const chunk = (delta: object, finish: string | null = null) => {
    const role = begun ? {} : { role: 'assistant' };
    begun = true;
    const choice = { index: 0, delta: { ...role, ...delta }, finish_reason: finish };
    return line({ ...head, choices: [choice], ...(includeUsage ? { usage: null } : {}) });
  };
  const callChunk = (event: Extract<ChatEvent, { type: 'tool-call-delta' }>) => {
    const first = !calls.has(event.index);
    calls.set(event.index, calls.get(event.index) === true || event.delta !== '');
    const named = first ? { id: event.toolCallId ?? `call_${id}_${event.index}`, type: 'function' } : {};
    const fn = { ...(first ? { name: event.toolName ?? '' } : {}), arguments: event.delta };
    return chunk({ tool_calls: [{ index: event.index, ...named, function: fn }] });
  };
  /** Clients parse arguments, and no text is no JSON. */
  const emptyArguments = (): Buffer[] =>
    [...calls].flatMap(([index, told]) => {
      calls.set(index, true);
      return told ? [] : [chunk({ tool_calls: [{ index, function: { arguments: '{}' } }] })];
    });

  return {
    write(event) {
      switch (event.type) {
        case 'response-metadata':
          if (begun) return undefined;
          head = {
            ...head,
            ...(event.id === undefined ? {} : { id: idOf(event.id) }),
            ...(event.model === undefined ? {} : { model: event.model }),
            ...(event.createdAt === undefined ? {} : { created: event.createdAt }),
          };
          return undefined;
        case 'text-delta':
          said = sayMore(said, event.delta);
          return chunk({ content: event.delta });
        case 'reasoning-delta':
          return event.delta === '' ? undefined : chunk({ reasoning_content: event.delta });
        case 'tool-call-delta':
          return callChunk(event);
        case 'finish': {
          finished = true;
          const { finishReason } = event;
          // Of a call that was cut off nobody knows what it would have said.
          const said = finishReason === 'length' ? [] : emptyArguments();
          const before = begun ? said : [chunk({ content: '' })];
          return Buffer.concat([...before, chunk({}, FINISH_NAMES[finishReason])]);
        }
        case 'usage':
          usage = event.usage;
          return undefined;
        case 'error':
          failed = true;
          return line({ error: { message: event.message, type: 'api_error', param: null, code: 'provider_error' } });
        default:
          return Buffer.from(': keep-alive\n\n');
      }
    },
    end(routing) {
      if (failed) return undefined;
      const parts: Buffer[] = [];
      if (!finished) parts.push(...emptyArguments(), chunk({}, 'stop'));
      if (includeUsage && usage !== undefined) parts.push(line({ ...head, choices: [], usage: openaiUsage(usage) }));
      if (routing !== undefined) parts.push(line({ ...head, choices: [], routing }));
      return Buffer.concat([...parts, Buffer.from('data: [DONE]\n\n')]);
    },
    get position() {
      const { id: ownId, model: ownModel, created } = head;
      return {
        id: ownId,
        model: ownModel,
        createdAt: created,
        said,
        toolCalls: calls.size,
        blocks: 0,
        sequence: 0,
        begun,
      };
    },
  };
}

/** A whole answer. */
export function writeWholeOpenAIChat(events: readonly ChatEvent[], options: EncoderOptions): Uint8Array {
  const { metadata, text, reasoning, toolCalls, finishReason, usage } = collectAnswer(events);
  const calls = toolCalls.map(({ toolCallId, toolName, input }, i) => ({
    id: toolCallId ?? `call_${options.id}_${i}`,
    type: 'function',
    function: { name: toolName, arguments: input },
  }));
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
  return Buffer.from(
    JSON.stringify({
      id: idOf(metadata.id ?? options.id),
      object: 'chat.completion',
      created: metadata.createdAt ?? options.createdAt,
      model: metadata.model ?? options.model,
      choices: [{ index: 0, message, finish_reason: FINISH_NAMES[finishReason ?? 'stop'] }],
      ...(usage === undefined ? {} : { usage: openaiUsage(usage) }),
    }),
  );
}
