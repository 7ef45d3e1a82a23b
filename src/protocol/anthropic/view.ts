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

const nothing = (): Seen => ({ text: '', images: 0, files: 0 });

/** Counts what content blocks hold; what is inside the results of tools goes to `results`. */
function readBlocks(content: unknown, seen: Seen, results: Seen = seen): void {
  if (typeof content === 'string') seen.text += seen.text === '' ? content : `\n${content}`;
  for (const block of list(content)) {
    if (!isObject(block)) continue;
    if (block['type'] === 'text') readBlocks(text(block['text']), seen);
    else if (block['type'] === 'image') seen.images++;
    else if (block['type'] === 'document') seen.files++;
    else if (isResult(block)) readBlocks(block['content'], results);
  }
}

const isResult = (block: unknown): boolean => isObject(block) && block['type'] === 'tool_result';

/** Whether a message holds the results of tools, and whether anything else: the user said only the rest. */
export function holdings(content: unknown): { readonly results: boolean; readonly rest: boolean } {
  const blocks = list(content);
  const results = blocks.some(isResult);
  return { results, rest: !results || !blocks.every(isResult) };
}

const ROLES: readonly unknown[] = ['user', 'assistant', 'system'] satisfies QueryMessage['role'][];
const isRole = (role: unknown): role is 'user' | 'assistant' | 'system' => ROLES.includes(role);

/** A message as routing sees it: the results of tools are no turn of the user's. */
function viewMessage(message: unknown, index: number): QueryMessage[] {
  if (!isObject(message)) throw invalid(`messages[${index}]`, 'an object with role and content');
  const { role, content } = message;
  if (!isRole(role)) throw invalid(`messages[${index}].role`, 'user or assistant');
  const { results, rest } = holdings(content);
  const said = nothing();
  const told = nothing();
  readBlocks(content, said, told);
  return [
    ...(results ? [{ role: 'tool' as const, audio: 0, ...told }] : []),
    ...(rest ? [{ role, audio: 0, ...said }] : []),
  ];
}

function viewSystem(system: unknown): QueryMessage[] {
  if (typeof system !== 'string' && list(system).length === 0) return [];
  const seen = nothing();
  readBlocks(system, seen);
  return [{ role: 'system', audio: 0, ...seen }];
}

function wantsReasoning(body: JsonObject): boolean {
  const { thinking } = body;
  return isObject(thinking) && typeof thinking['type'] === 'string' && thinking['type'] !== 'disabled';
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
    messages: [...viewSystem(body['system']), ...messages.flatMap(viewMessage)],
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
