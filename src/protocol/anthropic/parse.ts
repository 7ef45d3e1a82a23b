import { SignalboxError } from '../../errors.ts';
import type { ChatMessage, ChatPart, ChatRequest, ChatTool, FilePart } from '../chat.ts';
import {
  bool,
  count,
  given,
  isObject,
  list,
  number,
  strings,
  text,
  unknownFields,
  type JsonObject,
} from '../guards.ts';
import { effortOf } from '../openai-chat/parse.ts';
import { formatOf, viewAnthropic } from './view.ts';

function addressOf(url: string): URL {
  if (!/^https?:/i.test(url) || !URL.canParse(url))
    throw new SignalboxError('invalid_request', 'source.url: expected a URL', { param: 'messages' });
  return new URL(url);
}

function fileOf(block: JsonObject): FilePart | undefined {
  const source = isObject(block['source']) ? block['source'] : {};
  const fallback = block['type'] === 'image' ? 'image/*' : 'application/pdf';
  const shared = { type: 'file' as const, cacheControl: block['cache_control'], filename: text(block['title']) };
  switch (source['type']) {
    case 'base64':
      return given({ ...shared, mediaType: text(source['media_type']) ?? fallback, data: text(source['data']) ?? '' });
    case 'url':
      return given({ ...shared, mediaType: fallback, data: addressOf(text(source['url']) ?? '') });
    case 'text':
      return given({
        ...shared,
        mediaType: 'text/plain',
        data: Buffer.from(text(source['data']) ?? '').toString('base64'),
      });
    default:
      return undefined;
  }
}

function resultOf(block: JsonObject, lost: Set<string>): ChatPart {
  const parts = typeof block['content'] === 'string' ? [] : list(block['content']);
  const words = typeof block['content'] === 'string' ? [block['content']] : [];
  const files: FilePart[] = [];
  for (const part of parts) {
    if (!isObject(part)) continue;
    if (part['type'] === 'text') words.push(text(part['text']) ?? '');
    else {
      const file = fileOf(part);
      if (file === undefined) lost.add(`messages.tool_result.${text(part['type']) ?? 'block'}`);
      else files.push(file);
    }
  }
  return given({
    type: 'tool-result' as const,
    toolCallId: text(block['tool_use_id']) ?? '',
    toolName: '',
    output: words.join('\n'),
    files: files.length === 0 ? undefined : files,
    isError: bool(block['is_error']),
    cacheControl: block['cache_control'],
  });
}

function partOf(block: unknown, lost: Set<string>): ChatPart[] {
  if (!isObject(block)) return [];
  const cacheControl = block['cache_control'];
  switch (block['type']) {
    case 'text':
      return [given({ type: 'text' as const, text: text(block['text']) ?? '', cacheControl })];
    case 'thinking':
      return [
        given({ type: 'reasoning' as const, text: text(block['thinking']) ?? '', signature: text(block['signature']) }),
      ];
    case 'redacted_thinking':
      return [{ type: 'reasoning', text: '', redacted: text(block['data']) ?? '' }];
    case 'tool_use':
      return [
        given({
          type: 'tool-call' as const,
          toolCallId: text(block['id']) ?? '',
          toolName: text(block['name']) ?? '',
          input: JSON.stringify(block['input'] ?? {}),
          cacheControl,
        }),
      ];
    case 'tool_result':
      return [resultOf(block, lost)];
    case 'image':
    case 'document': {
      const file = fileOf(block);
      if (file !== undefined) return [file];
    }
  }
  lost.add(`messages.${text(block['type']) ?? 'block'}`);
  return [];
}

function messageOf(message: unknown, lost: Set<string>): ChatMessage[] {
  if (!isObject(message)) return [];
  const { content } = message;
  const parts: ChatPart[] =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : list(content).flatMap((block) => partOf(block, lost));
  const role = message['role'] === 'assistant' ? 'assistant' : message['role'] === 'system' ? 'system' : 'user';
  const results = parts.filter(({ type }) => type === 'tool-result');
  const rest = parts.filter(({ type }) => type !== 'tool-result');
  return [
    ...(results.length === 0 ? [] : [{ role: 'tool' as const, content: results }]),
    ...(rest.length === 0 && results.length > 0 ? [] : [{ role, content: rest } as const]),
  ];
}

function systemOf(system: unknown, lost: Set<string>): ChatMessage[] {
  const content: ChatPart[] =
    typeof system === 'string'
      ? [{ type: 'text', text: system }]
      : list(system).flatMap((block) => partOf(block, lost));
  return content.length === 0 ? [] : [{ role: 'system', content }];
}

function toolsOf(body: JsonObject, lost: Set<string>): ChatTool[] {
  return list(body['tools']).flatMap((tool) => {
    if (!isObject(tool)) return [];
    if (tool['input_schema'] === undefined) {
      lost.add(`tools.${text(tool['type']) ?? text(tool['name']) ?? 'tool'}`);
      return [];
    }
    return [
      given({
        name: text(tool['name']) ?? '',
        description: text(tool['description']),
        inputSchema: tool['input_schema'],
        strict: bool(tool['strict']),
        cacheControl: tool['cache_control'],
      }),
    ];
  });
}

function toolChoiceOf(choice: unknown): ChatRequest['toolChoice'] {
  if (!isObject(choice)) return undefined;
  const name = text(choice['name']);
  if (choice['type'] === 'tool' && name !== undefined) return { name };
  return choice['type'] === 'any' ? 'required' : choice['type'] === 'none' ? 'none' : 'auto';
}

function reasoningOf(body: JsonObject): ChatRequest['reasoning'] {
  const { thinking, output_config: config } = body;
  const effort = isObject(config) ? effortOf(config['effort']) : undefined;
  if (!isObject(thinking)) return effort === undefined ? undefined : { effort };
  if (thinking['type'] === 'disabled') return { effort: 'none' };
  const budgetTokens = thinking['type'] === 'enabled' ? count(thinking['budget_tokens']) : undefined;
  return given({ effort: effort ?? (budgetTokens === undefined ? 'high' : undefined), budgetTokens });
}

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'tools',
  'tool_choice',
  'max_tokens',
  'temperature',
  'top_p',
  'top_k',
  'stop_sequences',
  'metadata',
  'thinking',
  'output_config',
  'output_format',
  'stream',
]);

/**
 * A Messages body as the neutral request.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseAnthropic(body: unknown): ChatRequest {
  const view = viewAnthropic(body);
  const fields = isObject(body) ? body : {};
  const lost = new Set(unknownFields(fields, KNOWN));
  const messages = [
    ...systemOf(fields['system'], lost),
    ...list(fields['messages']).flatMap((message) => messageOf(message, lost)),
  ];
  const tools = toolsOf(fields, lost);
  const { tool_choice: choice, metadata } = fields;
  const serial = isObject(choice) ? bool(choice['disable_parallel_tool_use']) : undefined;
  const format = formatOf(fields);
  return given({
    model: text(fields['model']) ?? '',
    messages,
    stream: view.stream,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: toolChoiceOf(choice),
    parallelToolCalls: serial === undefined ? undefined : !serial,
    maxOutputTokens: view.maxOutput,
    temperature: number(fields['temperature']),
    topP: number(fields['top_p']),
    topK: count(fields['top_k']),
    stop: strings(fields['stop_sequences']),
    responseFormat: format === undefined ? undefined : given({ type: 'json' as const, schema: format['schema'] }),
    reasoning: reasoningOf(fields),
    user: isObject(metadata) ? text(metadata['user_id']) : undefined,
    unknown: lost.size === 0 ? undefined : [...lost],
  });
}
