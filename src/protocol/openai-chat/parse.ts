import { SignalboxError } from '../../errors.ts';
import type { ChatMessage, ChatPart, ChatRequest, ChatTool } from '../chat.ts';
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
import { effortOf } from '../reasoning-effort.ts';
import { viewOpenAIChat } from './view.ts';

/** A data URL's type and bytes, or an address. */
export function filePartOf(url: string, field: string, fallback = 'image/*'): ChatPart & { type: 'file' } {
  const inline = /^data:([^;,]+)(?:;[^;,]+)*;base64,(.*)$/s.exec(url);
  if (inline !== null) return { type: 'file', mediaType: inline[1] ?? fallback, data: inline[2] ?? '' };
  if (!/^https?:/i.test(url) || !URL.canParse(url))
    throw new SignalboxError('invalid_request', `${field}: expected a URL or a data URL`, { param: 'messages' });
  return { type: 'file', mediaType: fallback, data: new URL(url) };
}

function fileOf(file: JsonObject): ChatPart[] {
  const data = text(file['file_data']);
  if (data === undefined) return [];
  const part = data.startsWith('data:')
    ? filePartOf(data, 'file.file_data', 'application/pdf')
    : { type: 'file' as const, mediaType: 'application/pdf', data };
  return [given({ ...part, filename: text(file['filename']) })];
}

function partOf(part: unknown): ChatPart[] {
  if (!isObject(part)) return [];
  const words = text(part['text']) ?? text(part['refusal']);
  if (words !== undefined) return [{ type: 'text', text: words }];
  if (isObject(part['image_url'])) {
    const url = text(part['image_url']['url']);
    if (url === undefined) return [];
    return [given({ ...filePartOf(url, 'image_url.url'), detail: text(part['image_url']['detail']) })];
  }
  if (isObject(part['input_audio'])) {
    const { data, format } = part['input_audio'];
    return [{ type: 'file', mediaType: text(format) === 'mp3' ? 'audio/mpeg' : 'audio/wav', data: text(data) ?? '' }];
  }
  return isObject(part['file']) ? fileOf(part['file']) : [];
}

function callsOf(message: JsonObject): ChatPart[] {
  return list(message['tool_calls']).flatMap((call): ChatPart[] => {
    if (!isObject(call) || !isObject(call['function'])) return [];
    const { name, arguments: input } = call['function'];
    return [
      {
        type: 'tool-call',
        toolCallId: text(call['id']) ?? '',
        toolName: text(name) ?? '',
        input: text(input) ?? '{}',
      },
    ];
  });
}

function messageOf(message: unknown, role: ChatMessage['role'], words: string): ChatMessage {
  if (!isObject(message)) return { role, content: [] };
  if (role === 'tool') {
    const toolCallId = text(message['tool_call_id']) ?? '';
    return {
      role,
      content: [{ type: 'tool-result', toolCallId, toolName: text(message['name']) ?? '', output: words }],
    };
  }
  const content = message['content'];
  const parts: ChatPart[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).flatMap(partOf);
  const thought = text(message['reasoning_content']);
  const reasoning: ChatPart[] = thought === undefined || thought === '' ? [] : [{ type: 'reasoning', text: thought }];
  return { role, content: [...reasoning, ...parts, ...callsOf(message)] };
}

function toolsOf(body: JsonObject): ChatTool[] {
  return list(body['tools']).flatMap((tool) => {
    if (!isObject(tool) || !isObject(tool['function'])) return [];
    const { name, description, parameters, strict } = tool['function'];
    return [
      given({
        name: text(name) ?? '',
        inputSchema: parameters ?? {},
        description: text(description),
        strict: bool(strict),
      }),
    ];
  });
}

function toolChoiceOf(choice: unknown): ChatRequest['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) && isObject(choice['function']) ? text(choice['function']['name']) : undefined;
  return name === undefined ? undefined : { name };
}

function formatOf(format: unknown): ChatRequest['responseFormat'] {
  if (!isObject(format) || (format['type'] !== 'json_object' && format['type'] !== 'json_schema')) return undefined;
  const { schema, name, strict } = isObject(format['json_schema']) ? format['json_schema'] : {};
  return given({ type: 'json' as const, schema, name: text(name), strict: bool(strict) });
}

const KNOWN: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'stop',
  'seed',
  'n',
  'logprobs',
  'top_logprobs',
  'response_format',
  'reasoning_effort',
  'user',
  'stream',
  'stream_options',
]);

/**
 * A chat completions body as the neutral request.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseOpenAIChat(body: unknown): ChatRequest {
  const view = viewOpenAIChat(body);
  const fields = isObject(body) ? body : {};
  const messages = list(fields['messages']).map((message, i) => {
    const seen = view.messages[i];
    return messageOf(message, seen?.role ?? 'user', seen?.text ?? '');
  });
  const tools = toolsOf(fields);
  const effort = effortOf(fields['reasoning_effort']);
  const unknown = unknownFields(fields, KNOWN);
  return given({
    model: text(fields['model']) ?? '',
    messages,
    stream: view.stream,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: toolChoiceOf(fields['tool_choice']),
    parallelToolCalls: bool(fields['parallel_tool_calls']),
    maxOutputTokens: view.maxOutput,
    temperature: number(fields['temperature']),
    topP: number(fields['top_p']),
    presencePenalty: number(fields['presence_penalty']),
    frequencyPenalty: number(fields['frequency_penalty']),
    stop: strings(fields['stop']),
    seed: count(fields['seed']),
    n: count(fields['n']),
    logprobs: fields['logprobs'] === true ? (count(fields['top_logprobs']) ?? 0) : undefined,
    responseFormat: formatOf(fields['response_format']),
    reasoning: effort === undefined ? undefined : { effort },
    user: text(fields['user']),
    unknown: unknown.length === 0 ? undefined : unknown,
  });
}
