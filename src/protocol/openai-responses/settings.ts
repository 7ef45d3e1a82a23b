import type { ChatRequest, ChatTool } from '../chat.ts';
import { bool, count, given, isObject, list, strings, text, unknownFields, type JsonObject } from '../guards.ts';
import { effortOf } from '../reasoning-effort.ts';
import { parametersOf } from './schema.ts';

const FUNCTION_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'description', 'parameters', 'strict']);

/** The caller's own functions; tools that the provider runs are named in `others`. */
export function toolsOf(tools: unknown, others: Set<string>): ChatTool[] {
  return list(tools).flatMap((tool) => {
    if (!isObject(tool)) return [];
    if (tool['type'] !== 'function') {
      others.add(`tools.${text(tool['type']) ?? 'tool'}`);
      return [];
    }
    for (const name of unknownFields(tool, FUNCTION_FIELDS)) others.add(`tools.${name}`);
    return [
      given({
        name: text(tool['name']) ?? '',
        description: text(tool['description']),
        inputSchema: parametersOf(tool['parameters']),
        // Left out it means “strict where the schema allows it”, which is nearer to nothing than to either.
        strict: tool['strict'] === true ? true : undefined,
      }),
    ];
  });
}

/** Which tools must be called; a choice among tools of the provider's or a part of them is named in `others`. */
export function toolChoiceOf(choice: unknown, others: Set<string>): ChatRequest['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  if (typeof choice === 'string') others.add('tool_choice');
  if (!isObject(choice)) return undefined;
  const name = text(choice['name']);
  if (choice['type'] === 'function' && name !== undefined) return { name };
  others.add(`tool_choice.${text(choice['type']) ?? 'type'}`);
  const { mode } = choice;
  return mode === 'auto' || mode === 'required' ? mode : undefined;
}

/** How hard to think; what else is said of it is named in `others`. */
export function reasoningOf(reasoning: unknown, others: Set<string>): ChatRequest['reasoning'] {
  if (!isObject(reasoning)) return undefined;
  const effort = effortOf(reasoning['effort']);
  const known = new Set(effort === undefined ? [] : ['effort']);
  for (const name of unknownFields(reasoning, known)) others.add(`reasoning.${name}`);
  return effort === undefined ? undefined : { effort };
}

const TEXT_FIELDS: ReadonlySet<string> = new Set(['format']);
const FORMAT_FIELDS: ReadonlySet<string> = new Set(['type', 'name', 'schema', 'strict']);

/** The form of the answer. */
export function formatOf(settings: unknown, others: Set<string>): ChatRequest['responseFormat'] {
  if (!isObject(settings)) return undefined;
  for (const name of unknownFields(settings, TEXT_FIELDS)) others.add(`text.${name}`);
  const { format } = settings;
  if (!isObject(format) || format['type'] === 'text') return undefined;
  if (format['type'] !== 'json_schema' && format['type'] !== 'json_object') {
    others.add('text.format');
    return undefined;
  }
  for (const name of unknownFields(format, FORMAT_FIELDS)) others.add(`text.format.${name}`);
  const { schema, name, strict } = format;
  return given({ type: 'json' as const, schema: schema ?? undefined, name: text(name), strict: bool(strict) });
}

/** What `include` asks for to show the probabilities of tokens. */
const LOGPROBS = 'message.output_text.logprobs';
/** What `include` asks for to get thoughts that can be sent again. */
export const ENCRYPTED = 'reasoning.encrypted_content';

/** Whether a request wants to get such thoughts: it asks for them, or sends some. */
export function wantsThoughts({ reasoning, messages }: Pick<ChatRequest, 'reasoning' | 'messages'>): boolean {
  if (reasoning !== undefined) {
    const { effort, budgetTokens } = reasoning;
    if (effort === undefined ? budgetTokens !== 0 : effort !== 'none') return true;
  }
  return messages.some(({ content }) =>
    content.some((part) => part.type === 'reasoning' && part.encrypted !== undefined),
  );
}

/** Names what is to be included in an answer and has no place in a translated one. */
export function nameIncluded({ include, top_logprobs: top }: JsonObject, others: Set<string>): void {
  const wanted = strings(include) ?? [];
  for (const name of wanted) if (name !== LOGPROBS && name !== ENCRYPTED) others.add(`include.${name}`);
  if (wanted.includes(LOGPROBS) || (count(top) ?? 0) > 0) others.add('logprobs');
}
