import type { ChatMessage, ChatPart, ChatRequest, ToolResultPart } from '../chat.ts';
import type { Rendered } from '../codec.ts';
import { isObject } from '../guards.ts';
import { effortOfBudget } from '../reasoning-effort.ts';
import { callsJson } from './calls.ts';
import { imageData } from './images.ts';
import { contextSize, type ContextKnown } from './num-ctx.ts';

/** `undefined` for nothing, which JSON leaves out. */
const some = (text: string): string | undefined => (text === '' ? undefined : text);

function joined(parts: readonly ChatPart[], type: 'text' | 'reasoning'): string {
  return parts.flatMap((part) => (part.type === type ? [part.text] : [])).join('\n');
}

function imagesOf(parts: readonly ChatPart[]): string[] | undefined {
  const images = parts.flatMap((part) => (part.type === 'file' ? [imageData(part)] : []));
  return images.length === 0 ? undefined : images;
}

function resultJson(
  { toolCallId, toolName, output, files }: ToolResultPart,
  names: ReadonlyMap<string, string>,
): string {
  return JSON.stringify({
    role: 'tool',
    content: output,
    images: imagesOf(files ?? []),
    tool_name: some(toolName) ?? names.get(toolCallId),
    tool_call_id: some(toolCallId),
  });
}

function spokenJson(role: string, parts: readonly ChatPart[]): string {
  const calls = parts.filter((part) => part.type === 'tool-call');
  const message = JSON.stringify({
    role,
    content: joined(parts, 'text'),
    thinking: some(joined(parts, 'reasoning')),
    images: imagesOf(parts),
  });
  if (calls.length === 0) return message;
  const said = calls.map(({ toolCallId, toolName, input }, index) => ({
    id: toolCallId,
    index,
    name: toolName,
    input,
  }));
  return `${message.slice(0, -1)},"tool_calls":${callsJson(said)}}`;
}

/** Messages as JSON text. Results come straight after the calls that they answer. */
function messagesJson({ role, content }: ChatMessage, names: ReadonlyMap<string, string>): string[] {
  const results = content.filter((part) => part.type === 'tool-result').map((part) => resultJson(part, names));
  const rest = content.filter(({ type }) => type !== 'tool-result');
  if (rest.length === 0 && (role === 'tool' || results.length > 0)) return results;
  return [...results, spokenJson(role === 'tool' ? 'user' : role, rest)];
}

/** The tools that the model may call: this wire has no other word for a choice. */
function toolsOf({ tools, toolChoice }: ChatRequest): object[] | undefined {
  if (toolChoice === 'none') return undefined;
  const allowed = typeof toolChoice === 'object' ? tools?.filter(({ name }) => name === toolChoice.name) : tools;
  return allowed?.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: {
      name,
      description,
      parameters: isObject(inputSchema) ? inputSchema : { type: 'object', properties: {} },
    },
  }));
}

/** Levels that every version takes. */
const LEVELS: Readonly<Record<string, string>> = { minimal: 'low', xhigh: 'high', max: 'high' };

function thinkOf({ reasoning }: ChatRequest): boolean | string | undefined {
  if (reasoning === undefined) return undefined;
  const { effort, budgetTokens } = reasoning;
  if (effort !== undefined) return effort === 'none' ? false : (LEVELS[effort] ?? effort);
  if (budgetTokens === undefined) return true;
  return budgetTokens === 0 ? false : effortOfBudget(budgetTokens);
}

/** Paths of what the request holds and this dialect cannot say. */
function lostOf(request: ChatRequest): string[] {
  const { toolChoice, reasoning, tools = [] } = request;
  const parts = request.messages.flatMap(({ content }) => content);
  const marked = [...parts.filter((part) => part.type !== 'reasoning'), ...tools];
  const lost: Readonly<Record<string, boolean>> = {
    tool_choice: toolChoice === 'required' || typeof toolChoice === 'object',
    parallel_tool_calls: request.parallelToolCalls === false,
    'tools.strict': tools.some(({ strict }) => strict === true),
    n: (request.n ?? 1) > 1,
    user: request.user !== undefined,
    'reasoning.budget_tokens': reasoning?.effort === undefined && (reasoning?.budgetTokens ?? 0) > 0,
    'messages.reasoning': parts.some(
      (part) =>
        part.type === 'reasoning' && (part.signature ?? part.redacted ?? part.encrypted ?? part.id) !== undefined,
    ),
    'messages.is_error': parts.some((part) => part.type === 'tool-result' && part.isError === true),
    'messages.detail': parts.some((part) => part.type === 'file' && part.detail !== undefined),
    'messages.filename': parts.some((part) => part.type === 'file' && part.filename !== undefined),
    cache_control: marked.some(({ cacheControl }) => cacheControl !== undefined),
  };
  return [...Object.keys(lost).filter((path) => lost[path] === true), ...(request.unknown ?? [])];
}

/** The caller's names of tool calls, by id. */
function namesOf({ messages }: ChatRequest): ReadonlyMap<string, string> {
  const calls = messages.flatMap(({ content }) => content.filter((part) => part.type === 'tool-call'));
  return new Map(calls.map(({ toolCallId, toolName }) => [toolCallId, toolName]));
}

/**
 * The request as a `/api/chat` body.
 * @throws `invalid_request` for a file that is no image in the request itself.
 */
export function renderOllama(request: ChatRequest, known: ContextKnown = {}): Rendered {
  const { responseFormat } = request;
  const names = namesOf(request);
  const head = JSON.stringify({
    model: request.model,
    tools: toolsOf(request),
    format: responseFormat === undefined ? undefined : (responseFormat.schema ?? 'json'),
    options: {
      num_ctx: contextSize(request, known),
      num_predict: request.maxOutputTokens,
      temperature: request.temperature,
      top_p: request.topP,
      top_k: request.topK,
      presence_penalty: request.presencePenalty,
      frequency_penalty: request.frequencyPenalty,
      stop: request.stop,
      seed: request.seed,
    },
    stream: request.stream,
    think: thinkOf(request),
  });
  const messages = request.messages.flatMap((message) => messagesJson(message, names)).join(',');
  return { body: Buffer.from(`${head.slice(0, -1)},"messages":[${messages}]}`), lost: lostOf(request) };
}
