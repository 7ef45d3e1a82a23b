import { SignalboxError } from '../../errors.ts';
import type { QueryInput, QueryMessage } from '../../query/query.ts';
import { count, isObject, list, text, type JsonObject } from '../guards.ts';

const ROLES: Readonly<Record<string, QueryMessage['role']>> = {
  system: 'system',
  developer: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
  function: 'tool',
};

function invalid(path: string, expected: string): SignalboxError {
  return new SignalboxError('invalid_request', `${path}: expected ${expected}`, { param: path });
}

function viewMessage(message: unknown, index: number): QueryMessage {
  if (!isObject(message)) throw invalid(`messages[${index}]`, 'an object with role and content');
  const role = ROLES[text(message['role']) ?? ''];
  if (role === undefined) throw invalid(`messages[${index}].role`, `one of ${Object.keys(ROLES).join(', ')}`);
  const content = message['content'];
  if (typeof content === 'string') return { role, text: content, images: 0, audio: 0, files: 0 };
  const seen = { text: '', images: 0, audio: 0, files: 0 };
  for (const part of list(content)) {
    if (!isObject(part)) continue;
    const words = text(part['text']) ?? text(part['refusal']);
    if (words !== undefined) seen.text += seen.text === '' ? words : `\n${words}`;
    else if (part['type'] === 'image_url') seen.images++;
    else if (part['type'] === 'input_audio') seen.audio++;
    else if (part['type'] === 'file') seen.files++;
  }
  return { role, ...seen };
}

function wantsJson(format: unknown): boolean {
  return isObject(format) && (format['type'] === 'json_object' || format['type'] === 'json_schema');
}

/** A tool is `{type, function: {name}}`; in the older `functions` list it is `{name}`. */
function toolName(tool: unknown): string[] {
  if (!isObject(tool)) return [];
  const name = text(isObject(tool['function']) ? tool['function']['name'] : tool['name']);
  return name === undefined ? [] : [name];
}

/** What routing needs of a chat completions body. Strange shapes are left to the upstream; only `messages` must be there. */
export function viewOpenAIChat(body: unknown): QueryInput {
  if (!isObject(body)) throw invalid('body', 'a JSON object');
  if (!Array.isArray(body['messages'])) throw invalid('messages', 'an array of {role, content}');
  if (body['messages'].length === 0) throw invalid('messages', 'at least one message');
  const tools = [...list(body['tools']), ...list(body['functions'])];
  return {
    messages: body['messages'].map(viewMessage),
    toolCount: tools.length,
    toolNames: tools.length === 0 ? undefined : tools.flatMap(toolName),
    toolChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
    json: wantsJson(body['response_format']),
    reasoning: wantsReasoning(body),
    stream: body['stream'] === true,
    maxOutput: greatest(count(body['max_completion_tokens']), count(body['max_tokens'])),
    answers: greatest(count(body['n']), count(body['best_of'])),
  };
}

/** Which of two a host goes by is its own business. */
function greatest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

function wantsReasoning(body: JsonObject): boolean {
  const effort = text(body['reasoning_effort']);
  return effort !== undefined && effort !== 'none';
}
