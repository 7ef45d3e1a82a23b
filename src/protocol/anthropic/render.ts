import { SignalboxError } from '../../errors.ts';
import type { ChatMessage, ChatPart, ChatRequest, FilePart, ToolResultPart } from '../chat.ts';
import type { Rendered } from '../codec.ts';
import { given } from '../guards.ts';
import { toolId } from './tool-id.ts';

/** Output tokens where the caller sets no limit: this dialect wants one. */
const MAX_TOKENS = 4096;
/** The least that may be thought. */
const MIN_THINKING = 1024;
/** Marks for the prompt cache that a request may hold. */
const MAX_MARKS = 4;

const isText = (mediaType: string): boolean => mediaType.startsWith('text/');

function fileBlock(part: FilePart): object {
  const { data, mediaType, filename, cacheControl } = part;
  const image = mediaType.startsWith('image/');
  if (!image && mediaType !== 'application/pdf' && !isText(mediaType)) {
    throw new SignalboxError(
      'invalid_request',
      `a file of type ${mediaType} cannot be sent to this provider; it takes images, PDF and plain text`,
      { param: 'messages' },
    );
  }
  const source =
    data instanceof URL
      ? { type: 'url', url: data.href }
      : isText(mediaType)
        ? { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') }
        : { type: 'base64', media_type: mediaType === 'image/*' ? 'image/png' : mediaType, data };
  return given({
    type: image ? 'image' : 'document',
    source,
    title: image ? undefined : filename,
    cache_control: cacheControl,
  });
}

function resultBlock({ toolCallId, output, files, isError, cacheControl }: ToolResultPart): object {
  const content =
    files === undefined
      ? output
      : [...(output === '' ? [] : [{ type: 'text', text: output }]), ...files.map(fileBlock)];
  return given({
    type: 'tool_result',
    tool_use_id: toolId(toolCallId),
    content,
    is_error: isError,
    cache_control: cacheControl,
  });
}

function inputOf(json: string): unknown {
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null ? parsed : { value: parsed };
  } catch {
    return { invalid_json: json };
  }
}

function block(part: ChatPart): object[] {
  switch (part.type) {
    case 'text':
      // Empty blocks are refused.
      return part.text === '' ? [] : [given({ type: 'text', text: part.text, cache_control: part.cacheControl })];
    case 'reasoning':
      if (part.redacted !== undefined) return [{ type: 'redacted_thinking', data: part.redacted }];
      // Nobody but the model that thought it can prove it.
      return part.signature === undefined ? [] : [{ type: 'thinking', thinking: part.text, signature: part.signature }];
    case 'file':
      return [fileBlock(part)];
    case 'tool-call':
      return [
        given({
          type: 'tool_use',
          id: toolId(part.toolCallId),
          name: part.toolName,
          input: inputOf(part.input),
          cache_control: part.cacheControl,
        }),
      ];
    default:
      return [resultBlock(part)];
  }
}

interface Turn {
  readonly role: 'user' | 'assistant';
  content: object[];
}

/** Turns that alternate and begin with the user's: neighbours of one role are one. */
function turnsOf(messages: readonly ChatMessage[]): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const content = message.content.flatMap(block);
    if (content.length === 0) continue;
    const last = turns.at(-1);
    if (last?.role !== role) turns.push({ role, content });
    // The results of tools come before whatever else the user says.
    else if (message.role === 'tool')
      last.content = [...last.content.filter(isResult), ...content, ...last.content.filter(isRest)];
    else last.content.push(...content);
  }
  if (turns[0]?.role === 'assistant') turns.unshift({ role: 'user', content: [{ type: 'text', text: '…' }] });
  return turns;
}

const isResult = (content: object): boolean => 'type' in content && content.type === 'tool_result';
const isRest = (content: object): boolean => !isResult(content);

/** A turn of one plain text is a string, as clients write it. */
function messageOf({ role, content }: Turn): object {
  const [only] = content;
  const plain =
    content.length === 1 && only !== undefined && 'text' in only && !('cache_control' in only) && !('data' in only);
  return { role, content: plain ? only.text : content };
}

function systemOf(messages: readonly ChatMessage[]): string | object[] | undefined {
  const blocks = messages.filter(({ role }) => role === 'system').flatMap(({ content }) => content.flatMap(block));
  const [only] = blocks;
  if (only === undefined) return undefined;
  return blocks.length === 1 && 'text' in only && typeof only.text === 'string' && !('cache_control' in only)
    ? only.text
    : blocks;
}

function toolChoiceOf({ toolChoice, parallelToolCalls, tools }: ChatRequest): object | undefined {
  const serial = parallelToolCalls === undefined ? {} : { disable_parallel_tool_use: !parallelToolCalls };
  if (toolChoice === undefined)
    return tools === undefined || parallelToolCalls === undefined ? undefined : { type: 'auto', ...serial };
  if (typeof toolChoice === 'object') return { type: 'tool', ...toolChoice, ...serial };
  if (toolChoice === 'none') return { type: 'none' };
  return { type: toolChoice === 'required' ? 'any' : 'auto', ...serial };
}

const EFFORTS: Readonly<Record<string, string>> = { minimal: 'low' };
/** Tokens of thinking per level, for models that want a number. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 2048,
  medium: 8192,
  high: 16_384,
  xhigh: 32_768,
  max: 32_768,
};

interface Thinking {
  readonly thinking?: object;
  readonly output_config?: object;
}

function thinkingOf({ reasoning }: ChatRequest, maxTokens: number): Thinking {
  if (reasoning === undefined) return {};
  const { effort, budgetTokens } = reasoning;
  if (effort === 'none') return { thinking: { type: 'disabled' } };
  const wanted = budgetTokens ?? BUDGETS[effort ?? 'medium'] ?? MIN_THINKING;
  // It must leave room for the answer.
  const budget = Math.min(wanted, maxTokens - 1);
  return {
    ...(budget < MIN_THINKING ? {} : { thinking: { type: 'enabled', budget_tokens: budget } }),
    ...(effort === undefined || budgetTokens === undefined
      ? {}
      : { output_config: { effort: EFFORTS[effort] ?? effort } }),
  };
}

function countMarks(request: ChatRequest): number {
  const parts = request.messages.flatMap(({ content }) => content);
  return [...parts, ...(request.tools ?? [])].filter(
    (part) => 'cacheControl' in part && part.cacheControl !== undefined,
  ).length;
}

/** The last marks are the deepest, and worth most; the others are taken off. */
function withoutMarks(request: ChatRequest): ChatRequest {
  let left = countMarks(request) - MAX_MARKS;
  if (left <= 0) return request;
  const strip = <T extends { readonly cacheControl?: unknown }>(part: T): T => {
    if (part.cacheControl === undefined || left <= 0) return part;
    left--;
    const { cacheControl: _mark, ...rest } = part;
    return rest as T;
  };
  const tools = request.tools?.map(strip);
  const messages = request.messages.map((message) => ({
    ...message,
    content: message.content.map((part) => (part.type === 'reasoning' ? part : strip(part))),
  }));
  return { ...request, messages, ...(tools === undefined ? {} : { tools }) };
}

function lostOf(request: ChatRequest, thinks: boolean): string[] {
  const parts = request.messages.flatMap(({ content }) => content);
  const { responseFormat: format } = request;
  const lost: readonly (readonly [boolean, string])[] = [
    [request.seed !== undefined, 'seed'],
    [request.n !== undefined && request.n > 1, 'n'],
    [request.logprobs !== undefined, 'logprobs'],
    [request.presencePenalty !== undefined && request.presencePenalty !== 0, 'presence_penalty'],
    [request.frequencyPenalty !== undefined && request.frequencyPenalty !== 0, 'frequency_penalty'],
    [request.temperature !== undefined && (request.temperature > 1 || thinks), 'temperature'],
    [request.topK !== undefined && thinks, 'top_k'],
    [format !== undefined && format.schema === undefined, 'response_format'],
    [
      parts.some((part) => part.type === 'reasoning' && part.signature === undefined && part.redacted === undefined),
      'messages.reasoning',
    ],
    [countMarks(request) > MAX_MARKS, 'cache_control'],
  ];
  return [...lost.filter(([is]) => is).map(([, path]) => path), ...(request.unknown ?? [])];
}

/** The request as a Messages body. */
export function renderAnthropic(asked: ChatRequest): Rendered {
  const request = withoutMarks(asked);
  const maxTokens = request.maxOutputTokens ?? MAX_TOKENS;
  const { thinking, output_config: effort } = thinkingOf(request, maxTokens);
  const thinks = thinking !== undefined && 'budget_tokens' in thinking;
  const { temperature, responseFormat } = request;
  const format =
    responseFormat?.schema === undefined
      ? undefined
      : { format: { type: 'json_schema', schema: responseFormat.schema } };
  const body = given({
    model: request.model,
    max_tokens: maxTokens,
    system: systemOf(request.messages),
    messages: turnsOf(request.messages.filter(({ role }) => role !== 'system')).map(messageOf),
    tools: request.tools?.map(({ name, description, inputSchema, strict, cacheControl }) =>
      given({ name, description, input_schema: inputSchema, strict, cache_control: cacheControl }),
    ),
    tool_choice: toolChoiceOf(request),
    temperature: temperature === undefined || thinks ? undefined : Math.min(1, temperature),
    top_p: request.topP,
    top_k: thinks ? undefined : request.topK,
    stop_sequences: request.stop,
    metadata: request.user === undefined ? undefined : { user_id: request.user },
    thinking,
    output_config: effort === undefined && format === undefined ? undefined : { ...effort, ...format },
    stream: request.stream ? true : undefined,
  });
  return { body: Buffer.from(JSON.stringify(body)), lost: lostOf(asked, thinks) };
}
