import { SignalboxError } from '../../errors.ts';
import type { QueryInput, QueryMessage } from '../../query/query.ts';
import { count, isObject, list, text, type JsonObject } from '../guards.ts';

function invalid(path: string, expected: string): SignalboxError {
  return new SignalboxError('invalid_request', `${path}: expected ${expected}`, { param: path });
}

interface Seen {
  text: string;
  images: number;
  files: number;
}

function add(seen: Seen, words: string): void {
  seen.text += seen.text === '' ? words : `\n${words}`;
}

/** Counts what content blocks hold, those of tool results included. */
function readBlocks(blocks: unknown, seen: Seen): void {
  if (typeof blocks === 'string') add(seen, blocks);
  for (const block of list(blocks)) {
    if (!isObject(block)) continue;
    if (block['type'] === 'text') add(seen, text(block['text']) ?? '');
    else if (block['type'] === 'image') seen.images++;
    else if (block['type'] === 'document') seen.files++;
    else if (block['type'] === 'tool_result') readBlocks(block['content'], seen);
  }
}

/** A user message that holds nothing but the results of tools is no turn of the user's. */
function isResults(content: unknown): boolean {
  const blocks = list(content);
  return blocks.length > 0 && blocks.every((block) => isObject(block) && block['type'] === 'tool_result');
}

function viewMessage(message: unknown, index: number): QueryMessage {
  if (!isObject(message)) throw invalid(`messages[${index}]`, 'an object with role and content');
  const { role, content } = message;
  if (role !== 'user' && role !== 'assistant' && role !== 'system') {
    throw invalid(`messages[${index}].role`, 'user or assistant');
  }
  const seen: Seen = { text: '', images: 0, files: 0 };
  readBlocks(content, seen);
  return { role: role === 'user' && isResults(content) ? 'tool' : role, audio: 0, ...seen };
}

function viewSystem(system: unknown): QueryMessage[] {
  if (system === undefined || system === null) return [];
  const seen: Seen = { text: '', images: 0, files: 0 };
  readBlocks(system, seen);
  return [{ role: 'system', audio: 0, ...seen }];
}

function wantsReasoning(body: JsonObject): boolean {
  const { thinking } = body;
  return isObject(thinking) && (thinking['type'] === 'enabled' || thinking['type'] === 'adaptive');
}

/** The schema that an answer must fit, wherever this version of the API puts it. */
export function formatOf(body: JsonObject): JsonObject | undefined {
  const config = isObject(body['output_config']) ? body['output_config']['format'] : undefined;
  const format = config ?? body['output_format'];
  return isObject(format) ? format : undefined;
}

/** What routing needs of a Messages body. Strange shapes are left to the upstream; only `messages` must be there. */
export function viewAnthropic(body: unknown): QueryInput {
  if (!isObject(body)) throw invalid('body', 'a JSON object');
  const { messages } = body;
  if (!Array.isArray(messages)) throw invalid('messages', 'an array of {role, content}');
  if (messages.length === 0) throw invalid('messages', 'at least one message');
  const tools = list(body['tools']);
  return {
    messages: [...viewSystem(body['system']), ...messages.map(viewMessage)],
    toolCount: tools.length,
    toolNames:
      tools.length === 0 ? undefined : tools.flatMap((tool) => (isObject(tool) ? (text(tool['name']) ?? []) : [])),
    toolChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
    json: formatOf(body) !== undefined,
    reasoning: wantsReasoning(body),
    stream: body['stream'] === true,
    maxOutput: count(body['max_tokens']),
  };
}
