import { SignalboxError } from '../../errors.ts';
import type { QueryInput, QueryMessage } from '../../query/query.ts';
import { count, isObject, list, text, type JsonObject } from '../guards.ts';

const ROLES: Readonly<Record<string, QueryMessage['role']>> = {
  system: 'system',
  user: 'user',
  assistant: 'assistant',
  tool: 'tool',
};

function invalid(path: string, expected: string): SignalboxError {
  return new SignalboxError('invalid_request', `${path}: expected ${expected}`, { param: path });
}

function imageCount(images: unknown, path: string): number {
  if (images === undefined || images === null) return 0;
  if (Array.isArray(images) && images.every((image) => typeof image === 'string')) return images.length;
  throw invalid(path, 'an array of base64 strings');
}

function viewMessage(message: unknown, index: number): QueryMessage {
  const path = `messages[${index}]`;
  if (!isObject(message)) throw invalid(path, 'an object with role and content');
  const role = ROLES[text(message['role'])?.toLowerCase() ?? ''];
  if (role === undefined) throw invalid(`${path}.role`, `one of ${Object.keys(ROLES).join(', ')}`);
  const { content = '' } = message;
  // Ollama itself takes no lists of parts, and another dialect would get a message without its words.
  if (typeof content !== 'string' && content !== null) throw invalid(`${path}.content`, 'a string');
  return { role, text: content ?? '', images: imageCount(message['images'], `${path}.images`), audio: 0, files: 0 };
}

function toolName(tool: unknown): string[] {
  const name = isObject(tool) && isObject(tool['function']) ? text(tool['function']['name']) : undefined;
  return name === undefined ? [] : [name];
}

/** The limit on output tokens; zero and less are Ollama's words for none. */
export function outputLimit(body: JsonObject): number | undefined {
  const limit = isObject(body['options']) ? count(body['options']['num_predict']) : undefined;
  return limit === 0 ? undefined : limit;
}

/** Whether the caller wants a stream, which is what it gets without a word. */
export const streamsOllama = (body: unknown): boolean => isObject(body) && body['stream'] !== false;

function settings(body: JsonObject) {
  const { format, think } = body;
  return {
    json: format === 'json' || isObject(format),
    reasoning: think === true || (typeof think === 'string' && think !== ''),
    stream: streamsOllama(body),
    maxOutput: outputLimit(body),
  };
}

/**
 * What routing needs of a `/api/chat` body.
 * @throws `invalid_request` with the path of what no Ollama would take.
 */
export function viewOllama(body: unknown): QueryInput {
  if (!isObject(body)) throw invalid('body', 'a JSON object');
  if (!Array.isArray(body['messages'])) throw invalid('messages', 'an array of {role, content}');
  if (body['messages'].length === 0) throw invalid('messages', 'at least one message');
  const tools = list(body['tools']);
  return {
    messages: body['messages'].map(viewMessage),
    toolCount: tools.length,
    toolNames: tools.length === 0 ? undefined : tools.flatMap(toolName),
    toolChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
    ...settings(body),
  };
}

/**
 * What routing needs of a `/api/generate` body: its prompt is the one message of a user.
 * @throws `invalid_request` with the path of what no Ollama would take.
 */
export function viewOllamaGenerate(body: unknown): QueryInput {
  if (!isObject(body)) throw invalid('body', 'a JSON object');
  const { prompt, system } = body;
  if (typeof prompt !== 'string' || prompt === '') throw invalid('prompt', 'the text to answer');
  if (typeof system !== 'string' && system !== undefined && system !== null) throw invalid('system', 'a string');
  const said = { images: 0, audio: 0, files: 0 };
  const user = { ...said, role: 'user', text: prompt, images: imageCount(body['images'], 'images') } as const;
  return {
    messages: system ? [{ ...said, role: 'system', text: system }, user] : [user],
    toolCount: 0,
    toolChars: 0,
    ...settings(body),
  };
}
