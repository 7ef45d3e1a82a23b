import { SignalboxError } from '../../errors.ts';
import type { ChatMessage, ChatPart, ChatRequest, ChatTool, FilePart } from '../chat.ts';
import {
  bool,
  count,
  fieldReader,
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
export function filePartOf(url: string, field: string, fallback = 'image/*'): FilePart {
  const inline = /^data:([^;,]+)(?:;[^;,]+)*;base64,(.*)$/s.exec(url);
  if (inline !== null) return { type: 'file', mediaType: inline[1] ?? fallback, data: inline[2] ?? '' };
  if (!/^https?:/i.test(url) || !URL.canParse(url))
    throw new SignalboxError('invalid_request', `${field}: expected a URL or a data URL`, { param: 'messages' });
  return { type: 'file', mediaType: fallback, data: new URL(url) };
}

function fileOf(file: JsonObject): FilePart | undefined {
  const data = text(file['file_data']);
  if (data === undefined) return undefined;
  const part = data.startsWith('data:')
    ? filePartOf(data, 'file.file_data', 'application/pdf')
    : { type: 'file' as const, mediaType: 'application/pdf', data };
  return given({ ...part, filename: text(file['filename']) });
}

/** What a mark for a prompt cache looks like where a host takes Anthropic's in this dialect. */
const markOf = (part: JsonObject) => ({ cacheControl: part['cache_control'] ?? undefined });

/** The file of a part; undefined where it holds none that could be sent elsewhere. */
function shownFile(part: JsonObject): FilePart | undefined {
  const { image_url: image, input_audio: audio, file } = part;
  if (isObject(image)) {
    const url = text(image['url']);
    return url === undefined
      ? undefined
      : given({ ...filePartOf(url, 'image_url.url'), detail: text(image['detail']), ...markOf(part) });
  }
  if (isObject(audio)) {
    const { data, format } = audio;
    return { type: 'file', mediaType: format === 'mp3' ? 'audio/mpeg' : 'audio/wav', data: text(data) ?? '' };
  }
  return isObject(file) ? fileOf(file) : undefined;
}

/** A part of a message; what no other dialect could say is named in `others`, as everywhere below. */
function partOf(part: unknown, others: Set<string>): ChatPart[] {
  if (!isObject(part)) return [];
  const words = text(part['text']) ?? text(part['refusal']);
  if (words !== undefined) return [given({ type: 'text' as const, text: words, ...markOf(part) })];
  const file = shownFile(part);
  if (file !== undefined) return [file];
  const type = text(part['type']) ?? 'part';
  others.add(type === 'file' ? 'messages.content.file_id' : `messages.content.${type}`);
  return [];
}

function callsOf(message: JsonObject, others: Set<string>): ChatPart[] {
  return list(message['tool_calls']).flatMap((call): ChatPart[] => {
    if (!isObject(call) || !isObject(call['function'])) {
      others.add('messages.tool_calls');
      return [];
    }
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

const MESSAGE: ReadonlySet<string> = new Set([
  'role',
  'content',
  'tool_calls',
  'tool_call_id',
  'refusal',
  'reasoning_content',
]);
/** Lists that an answer holds and a client sends back with it, empty. */
const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** The words of the model, or its refusal of an earlier turn, which stands beside empty content. */
function contentParts({ content, refusal }: JsonObject, others: Set<string>): ChatPart[] {
  const parts: ChatPart[] =
    typeof content === 'string'
      ? [{ type: 'text', text: content }]
      : list(content).flatMap((part) => partOf(part, others));
  const words = text(refusal) ?? '';
  return words === '' ? parts : [...parts, { type: 'text', text: words }];
}

/** What a tool gave. OpenAI takes text only, other hosts of this dialect images too. */
function resultOf(message: JsonObject, output: string, others: Set<string>): ChatPart {
  const files = contentParts({ content: message['content'] }, others).filter((part) => part.type === 'file');
  return given({
    type: 'tool-result' as const,
    toolCallId: text(message['tool_call_id']) ?? '',
    toolName: text(message['name']) ?? '',
    output,
    files: files.length === 0 ? undefined : files,
  });
}

function messageOf(message: unknown, role: ChatMessage['role'], words: string, others: Set<string>): ChatMessage {
  if (!isObject(message)) return { role, content: [] };
  for (const name of unknownFields(message, MESSAGE)) {
    if (!isEmpty(message[name]) && !(role === 'tool' && name === 'name')) others.add(`messages.${name}`);
  }
  if (role === 'tool') return { role, content: [resultOf(message, words, others)] };
  const thought = text(message['reasoning_content']);
  const reasoning: ChatPart[] = thought === undefined || thought === '' ? [] : [{ type: 'reasoning', text: thought }];
  return { role, content: [...reasoning, ...contentParts(message, others), ...callsOf(message, others)] };
}

const FUNCTION: ReadonlySet<string> = new Set(['name', 'description', 'parameters', 'strict']);

function toolsOf(body: JsonObject, others: Set<string>): ChatTool[] {
  return list(body['tools']).flatMap((tool) => {
    if (!isObject(tool) || !isObject(tool['function'])) {
      others.add(`tools.${(isObject(tool) ? text(tool['type']) : undefined) ?? 'tool'}`);
      return [];
    }
    for (const name of unknownFields(tool['function'], FUNCTION)) others.add(`tools.${name}`);
    const { name, description, parameters, strict } = tool['function'];
    return [
      given({
        name: text(name) ?? '',
        inputSchema: parameters ?? {},
        description: text(description),
        strict: bool(strict),
        ...markOf(tool),
      }),
    ];
  });
}

function toolChoiceOf(choice: unknown, others: Set<string>): ChatRequest['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) && isObject(choice['function']) ? text(choice['function']['name']) : undefined;
  if (name !== undefined) return { name };
  if (choice !== undefined && choice !== null) others.add('tool_choice');
  return undefined;
}

function formatOf(format: unknown, others: Set<string>): ChatRequest['responseFormat'] {
  if (!isObject(format) || format['type'] === 'text') return undefined;
  if (format['type'] !== 'json_object' && format['type'] !== 'json_schema') {
    others.add('response_format');
    return undefined;
  }
  const { schema, name, strict } = isObject(format['json_schema']) ? format['json_schema'] : {};
  return given({ type: 'json' as const, schema, name: text(name), strict: bool(strict) });
}

function reasoningOf(level: unknown, others: Set<string>): ChatRequest['reasoning'] {
  const effort = effortOf(level);
  if (effort !== undefined) return { effort };
  if (level !== undefined && level !== null) others.add('reasoning_effort');
  return undefined;
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
  const others = new Set(unknownFields(fields, KNOWN));
  const messages = list(fields['messages']).map((message, i) => {
    const seen = view.messages[i];
    return messageOf(message, seen?.role ?? 'user', seen?.text ?? '', others);
  });
  const tools = toolsOf(fields, others);
  const field = fieldReader(fields, others);
  // A translated answer has no place for them.
  if (fields['logprobs'] === true) others.add('logprobs');
  const request = given({
    model: text(fields['model']) ?? '',
    messages,
    stream: view.stream,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: toolChoiceOf(fields['tool_choice'], others),
    parallelToolCalls: field('parallel_tool_calls', bool),
    maxOutputTokens: field('max_completion_tokens', count) ?? field('max_tokens', count),
    temperature: field('temperature', number),
    topP: field('top_p', number),
    presencePenalty: field('presence_penalty', number),
    frequencyPenalty: field('frequency_penalty', number),
    stop: field('stop', strings),
    seed: field('seed', number),
    n: field('n', count),
    responseFormat: formatOf(fields['response_format'], others),
    reasoning: reasoningOf(fields['reasoning_effort'], others),
    user: field('user', text),
  });
  return others.size === 0 ? request : { ...request, unknown: [...others] };
}
