import type { ChatMessage, ChatRequest } from '../chat.ts';
import type { Rendered } from '../codec.ts';
import { effortOfBudget } from '../reasoning-effort.ts';
import { itemsOf } from './items.ts';
import { parametersOf } from './schema.ts';
import { ENCRYPTED, wantsThoughts } from './settings.ts';

/** The least that OpenAI takes as a limit. */
const MIN_OUTPUT = 16;

/** The first message's words, where they are the system's and nothing else is in it. */
function instructionsOf([first, ...rest]: readonly ChatMessage[]): string | undefined {
  const [only, more] = first?.content ?? [];
  // Something must be asked beside them.
  if (first?.role !== 'system' || rest.length === 0 || more !== undefined || only?.type !== 'text') return undefined;
  return only.text === '' ? undefined : only.text;
}

function toolChoiceOf({ toolChoice }: ChatRequest): unknown {
  return typeof toolChoice === 'object' ? { type: 'function', name: toolChoice.name } : toolChoice;
}

function textOf({ responseFormat }: ChatRequest): object | undefined {
  if (responseFormat === undefined) return undefined;
  const { schema, name = 'answer', strict } = responseFormat;
  return { format: schema === undefined ? { type: 'json_object' } : { type: 'json_schema', name, schema, strict } };
}

function reasoningOf({ reasoning }: ChatRequest): { effort: string } | undefined {
  const { effort, budgetTokens } = reasoning ?? {};
  if (effort !== undefined) return { effort };
  return budgetTokens === undefined ? undefined : { effort: effortOfBudget(budgetTokens) };
}

/** Nothing is kept at the provider, so the thoughts must come along to be sent again. */
function includeOf(request: ChatRequest): string[] | undefined {
  return wantsThoughts(request) ? [ENCRYPTED] : undefined;
}

/** Names what the request holds and this dialect cannot say. */
function noteLost(request: ChatRequest, lost: Set<string>): void {
  const { n, stop, seed, topK, presencePenalty, frequencyPenalty, reasoning, maxOutputTokens, tools = [] } = request;
  const parts = request.messages.flatMap(({ content }) => content);
  const marked = (part: object): boolean => 'cacheControl' in part && part.cacheControl !== undefined;
  const told: Readonly<Record<string, boolean>> = {
    n: n !== undefined && n > 1,
    stop: stop !== undefined && stop.length > 0,
    seed: seed !== undefined,
    top_k: topK !== undefined,
    presence_penalty: (presencePenalty ?? 0) !== 0,
    frequency_penalty: (frequencyPenalty ?? 0) !== 0,
    max_output_tokens: maxOutputTokens !== undefined && maxOutputTokens < MIN_OUTPUT,
    'reasoning.budget_tokens': (reasoning?.budgetTokens ?? 0) !== 0,
    'messages.is_error': parts.some((part) => part.type === 'tool-result' && part.isError === true),
    cache_control: [...parts, ...tools].some(marked),
  };
  for (const [name, isLost] of Object.entries(told)) if (isLost) lost.add(name);
  for (const name of request.unknown ?? []) lost.add(name);
}

/** The request as a Responses body that leaves nothing at the provider. */
export function renderOpenAIResponses(request: ChatRequest): Rendered {
  const { messages, tools, maxOutputTokens } = request;
  const lost = new Set<string>();
  const instructions = instructionsOf(messages);
  const body = {
    model: request.model,
    instructions,
    input: itemsOf(instructions === undefined ? messages : messages.slice(1), lost),
    tools: tools?.map(({ name, description, inputSchema, strict = false }) => ({
      type: 'function',
      name,
      description,
      parameters: parametersOf(inputSchema),
      // Left out, it would be strict.
      strict,
    })),
    tool_choice: toolChoiceOf(request),
    parallel_tool_calls: request.parallelToolCalls,
    max_output_tokens: maxOutputTokens === undefined ? undefined : Math.max(MIN_OUTPUT, maxOutputTokens),
    temperature: request.temperature,
    top_p: request.topP,
    text: textOf(request),
    reasoning: reasoningOf(request),
    include: includeOf(request),
    user: request.user,
    store: false,
    stream: request.stream ? true : undefined,
  };
  noteLost(request, lost);
  return { body: Buffer.from(JSON.stringify(body)), lost: [...lost] };
}
