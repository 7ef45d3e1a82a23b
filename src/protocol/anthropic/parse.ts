import type { ChatMessage, ChatPart, ChatRequest, ChatTool } from '../chat.ts';
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
import { partsOf } from './block-parts.ts';
import { formatOf, holdings, viewAnthropic } from './view.ts';

/** Content is a string or blocks. */
function contentOf(content: unknown, path: string, lost: Set<string>): ChatPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return list(content).flatMap((block, i) => (isObject(block) ? partsOf(block, `${path}[${i}]`, lost) : []));
}

/** The results of tools are a message of their own. */
function messagesOf(message: unknown, index: number, lost: Set<string>): ChatMessage[] {
  if (!isObject(message)) return [];
  const { role: said, content } = message;
  const role: ChatMessage['role'] = said === 'assistant' || said === 'system' ? said : 'user';
  const { results, rest } = holdings(content);
  const parts = contentOf(content, `messages[${index}].content`, lost);
  const isResult = ({ type }: ChatPart): boolean => type === 'tool-result';
  return [
    ...(results ? [{ role: 'tool' as const, content: parts.filter(isResult) }] : []),
    ...(rest ? [{ role, content: parts.filter((part) => !isResult(part)) }] : []),
  ];
}

function systemOf(system: unknown, lost: Set<string>): ChatMessage[] {
  if (typeof system !== 'string' && list(system).length === 0) return [];
  return [{ role: 'system', content: contentOf(system, 'system', lost) }];
}

const TOOL: ReadonlySet<string> = new Set(['type', 'name', 'description', 'input_schema', 'strict', 'cache_control']);

function toolsOf(body: JsonObject, lost: Set<string>): ChatTool[] {
  return list(body['tools']).flatMap((tool) => {
    if (!isObject(tool)) return [];
    // A tool that Anthropic's servers run.
    if (tool['input_schema'] === undefined) {
      lost.add(`tools.${text(tool['type']) ?? text(tool['name']) ?? 'tool'}`);
      return [];
    }
    for (const name of unknownFields(tool, TOOL)) lost.add(`tools.${name}`);
    return [
      given({
        name: text(tool['name']) ?? '',
        description: text(tool['description']),
        inputSchema: tool['input_schema'],
        strict: bool(tool['strict']),
        cacheControl: tool['cache_control'] ?? undefined,
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

/** Thinking without a level of its own is at Anthropic's default, `high`. */
function reasoningOf({ thinking, output_config: config }: JsonObject, lost: Set<string>): ChatRequest['reasoning'] {
  const effort = isObject(config) ? effortOf(config['effort']) : undefined;
  if (!isObject(thinking)) return effort === undefined ? undefined : { effort };
  if (thinking['type'] === 'disabled') {
    if (effort !== undefined) lost.add('output_config.effort');
    return { effort: 'none' };
  }
  if (thinking['type'] === 'between_tools') lost.add('thinking.type');
  for (const name of unknownFields(thinking, new Set(['type', 'budget_tokens']))) lost.add(`thinking.${name}`);
  const budgetTokens = thinking['type'] === 'enabled' ? count(thinking['budget_tokens']) : undefined;
  return given({ effort: effort ?? (budgetTokens === undefined ? 'high' : undefined), budgetTokens });
}

/** What is inside a field that the neutral request holds in part. */
function nameInner(body: JsonObject, field: string, known: ReadonlySet<string>, lost: Set<string>): void {
  const inner = body[field];
  if (isObject(inner)) for (const name of unknownFields(inner, known)) lost.add(`${field}.${name}`);
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
  const { stream } = viewAnthropic(body);
  const fields = isObject(body) ? body : {};
  const lost = new Set(unknownFields(fields, KNOWN));
  const messages = [
    ...systemOf(fields['system'], lost),
    ...list(fields['messages']).flatMap((message, i) => messagesOf(message, i, lost)),
  ];
  const tools = toolsOf(fields, lost);
  const { tool_choice: choice, metadata } = fields;
  const serial = isObject(choice) ? bool(choice['disable_parallel_tool_use']) : undefined;
  const format = formatOf(fields);
  const reasoning = reasoningOf(fields, lost);
  const field = fieldReader(fields, lost);
  nameInner(fields, 'metadata', new Set(['user_id']), lost);
  nameInner(fields, 'output_config', new Set(['effort', 'format']), lost);
  return given({
    model: text(fields['model']) ?? '',
    messages,
    stream,
    tools: tools.length === 0 ? undefined : tools,
    toolChoice: toolChoiceOf(choice),
    parallelToolCalls: serial === undefined ? undefined : !serial,
    maxOutputTokens: field('max_tokens', count),
    temperature: field('temperature', number),
    topP: field('top_p', number),
    topK: field('top_k', count),
    stop: field('stop_sequences', strings),
    responseFormat: format === undefined ? undefined : given({ type: 'json' as const, schema: format['schema'] }),
    reasoning,
    user: isObject(metadata) ? text(metadata['user_id']) : undefined,
    unknown: lost.size === 0 ? undefined : [...lost],
  });
}
