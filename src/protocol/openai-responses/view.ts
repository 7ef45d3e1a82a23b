import type { QueryInput, QueryMessage } from '../../query/query.ts';
import { count, isObject, list, text, type JsonObject } from '../guards.ts';
import { holdsState } from './holds-state.ts';
import { invalid, turnsOf, type Turn } from './turns.ts';

type Seen = { -readonly [K in Exclude<keyof QueryMessage, 'role'>]: QueryMessage[K] };

function add(seen: Seen, words: string): void {
  seen.text += seen.text === '' ? words : `\n${words}`;
}

function see(seen: Seen, content: unknown): void {
  if (typeof content === 'string') add(seen, content);
  for (const part of list(content)) {
    if (!isObject(part)) continue;
    const words = text(part['text']) ?? text(part['refusal']);
    if (words !== undefined) add(seen, words);
    else if (part['type'] === 'input_image') seen.images++;
    else if (part['type'] === 'input_audio') seen.audio++;
    else if (part['type'] === 'input_file') seen.files++;
  }
}

function viewTurn({ role, items }: Turn): QueryMessage {
  const seen: Seen = { text: '', images: 0, audio: 0, files: 0 };
  for (const { body } of items) {
    if (body['type'] === 'function_call_output') see(seen, body['output']);
    else if (body['type'] !== 'reasoning') see(seen, body['content']);
  }
  return { role, ...seen };
}

function wantsJson({ text: settings }: JsonObject): boolean {
  const format = isObject(settings) ? settings['format'] : undefined;
  return isObject(format) && (format['type'] === 'json_object' || format['type'] === 'json_schema');
}

function wantsReasoning({ reasoning }: JsonObject): boolean {
  if (!isObject(reasoning)) return false;
  const effort = text(reasoning['effort']);
  return effort === undefined ? text(reasoning['summary']) !== undefined : effort !== 'none';
}

/** What routing needs of a Responses body. Strange shapes are left to the upstream; only something asked must be there. */
export function viewOpenAIResponses(body: unknown): QueryInput {
  if (!isObject(body)) throw invalid('body', 'a JSON object');
  const { input } = body;
  const missing = input === undefined || input === null;
  if ((missing || (Array.isArray(input) && input.length === 0)) && !holdsState(body))
    throw invalid('input', missing ? 'a string or an array of items' : 'at least one item');
  const tools = list(body['tools']);
  return {
    messages: turnsOf(body).map(viewTurn),
    toolCount: tools.length,
    toolNames:
      tools.length === 0 ? undefined : tools.flatMap((tool) => (isObject(tool) ? (text(tool['name']) ?? []) : [])),
    toolChars: tools.length === 0 ? 0 : JSON.stringify(tools).length,
    json: wantsJson(body),
    reasoning: wantsReasoning(body),
    stream: body['stream'] === true,
    maxOutput: count(body['max_output_tokens']),
  };
}
