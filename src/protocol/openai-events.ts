import { createParser } from 'eventsource-parser';
import type { ChatEvent, FinishReason, Usage } from './chat.ts';
import { isObject, list, text, type JsonObject } from './guards.ts';
import { finishOf, usageOf } from './openai-usage.ts';

const FINISH_NAMES: Readonly<Record<FinishReason, string>> = {
  stop: 'stop',
  length: 'length',
  'tool-calls': 'tool_calls',
  'content-filter': 'content_filter',
  error: 'stop',
  other: 'stop',
};

function openaiUsage(usage: Usage) {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    ...(usage.cacheRead === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cacheRead } }),
    ...(usage.reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
  };
}

/** Events as OpenAI's chat stream: one id on all chunks, the role in the first delta, usage in its own chunk, `[DONE]`. */
export async function* encodeOpenAIChat(events: AsyncIterable<ChatEvent>): AsyncGenerator<Uint8Array> {
  const head = { id: 'chatcmpl-0', object: 'chat.completion.chunk', created: 0, model: '' };
  let first = true;
  const line = (body: object) => Buffer.from(`data: ${JSON.stringify(body)}\n\n`);
  const chunk = (delta: object, finish: string | null = null) => {
    const role = first ? { role: 'assistant' } : {};
    first = false;
    return line({ ...head, choices: [{ index: 0, delta: { ...role, ...delta }, finish_reason: finish }] });
  };
  for await (const event of events) {
    if (event.type === 'response-metadata') {
      if (event.id !== undefined) head.id = event.id;
      if (event.model !== undefined) head.model = event.model;
      if (event.createdAt !== undefined) head.created = event.createdAt;
    } else if (event.type === 'text-delta') yield chunk({ content: event.delta });
    else if (event.type === 'reasoning-delta') yield chunk({ reasoning_content: event.delta });
    else if (event.type === 'tool-call-delta') {
      const named =
        event.toolName === undefined ? {} : { id: event.toolCallId ?? `call_${event.index}`, type: 'function' };
      const fn = { ...(event.toolName === undefined ? {} : { name: event.toolName }), arguments: event.delta };
      yield chunk({ tool_calls: [{ index: event.index, ...named, function: fn }] });
    } else if (event.type === 'finish') {
      if (first) yield chunk({ content: '' });
      yield chunk({}, FINISH_NAMES[event.finishReason]);
    } else if (event.type === 'usage') yield line({ ...head, choices: [], usage: openaiUsage(event.usage) });
    else {
      yield line({ error: { message: event.message, type: 'api_error', param: null, code: 'provider_error' } });
      return;
    }
  }
  yield Buffer.from('data: [DONE]\n\n');
}

/** Turns the chunks of one answer into events; keeps what spans chunks. */
function createReader() {
  let opened = false;
  let tools = false;
  let finish: FinishReason | undefined;
  let usage: Usage | undefined;

  function* message(part: JsonObject): Generator<ChatEvent> {
    const reasoning = text(part['reasoning_content']) ?? text(part['reasoning']);
    if (reasoning !== undefined && reasoning !== '') yield { type: 'reasoning-delta', delta: reasoning };
    const content = text(part['content']);
    if (content !== undefined && content !== '') yield { type: 'text-delta', delta: content };
    for (const [position, call] of list(part['tool_calls']).entries()) {
      if (!isObject(call)) continue;
      tools = true;
      const fn = isObject(call['function']) ? call['function'] : {};
      const toolCallId = text(call['id']);
      const toolName = text(fn['name']);
      yield {
        type: 'tool-call-delta',
        index: typeof call['index'] === 'number' ? call['index'] : position,
        delta: text(fn['arguments']) ?? '',
        ...(toolCallId === undefined ? {} : { toolCallId }),
        ...(toolName === undefined ? {} : { toolName }),
      };
    }
  }

  return {
    *chunk(data: string): Generator<ChatEvent> {
      let body: unknown;
      try {
        body = JSON.parse(data);
      } catch {
        return;
      }
      if (!isObject(body)) return;
      const error = body['error'];
      if (error !== undefined && error !== null) {
        yield {
          type: 'error',
          message: (isObject(error) ? text(error['message']) : text(error)) ?? 'the provider failed',
        };
        return;
      }
      if (!opened) {
        opened = true;
        const id = text(body['id']);
        const model = text(body['model']);
        yield {
          type: 'response-metadata',
          ...(id === undefined ? {} : { id }),
          ...(model === undefined ? {} : { model }),
          ...(typeof body['created'] === 'number' ? { createdAt: body['created'] } : {}),
        };
      }
      const [choice] = list(body['choices']);
      if (isObject(choice)) {
        const part = choice['delta'] ?? choice['message'];
        if (isObject(part)) yield* message(part);
        finish = finishOf(choice['finish_reason'], tools) ?? finish;
      }
      usage = usageOf(body['usage']) ?? usage;
    },
    /** Finish and usage come last, whatever order they arrived in. */
    *end(): Generator<ChatEvent> {
      if (finish !== undefined) yield { type: 'finish', finishReason: finish };
      if (usage !== undefined) yield { type: 'usage', usage };
    },
  };
}

/** Events of OpenAI's chat answer, streamed or whole. */
export async function* decodeOpenAIChat(bytes: AsyncIterable<Uint8Array>, stream: boolean): AsyncGenerator<ChatEvent> {
  const reader = createReader();
  if (!stream) {
    const parts: Uint8Array[] = [];
    for await (const part of bytes) parts.push(part);
    yield* reader.chunk(Buffer.concat(parts).toString('utf8'));
    yield* reader.end();
    return;
  }
  const decoder = new TextDecoder();
  let ready: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => void ready.push(data) });
  for await (const part of bytes) {
    parser.feed(decoder.decode(part, { stream: true }));
    const batch = ready;
    ready = [];
    for (const data of batch) if (data !== '[DONE]') yield* reader.chunk(data);
  }
  yield* reader.end();
}
