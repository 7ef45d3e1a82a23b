import type { ChatMessage, ChatPart, ChatRequest, FilePart, ToolResultPart } from '../chat.ts';
import { AUDIO_FORMATS } from '../audio-formats.ts';
import type { Rendered } from '../codec.ts';
import { effortOfBudget } from '../reasoning-effort.ts';

/** `data:` URL of inline bytes, or the address as it is. */
function urlOf({ data, mediaType }: FilePart): string {
  return data instanceof URL ? data.href : `data:${mediaType};base64,${data}`;
}

function filePart(part: FilePart): object {
  if (part.mediaType.startsWith('image/')) {
    const detail = part.detail === undefined ? {} : { detail: part.detail };
    return { type: 'image_url', image_url: { url: urlOf(part), ...detail } };
  }
  const format = AUDIO_FORMATS[part.mediaType];
  if (format !== undefined && typeof part.data === 'string') {
    return { type: 'input_audio', input_audio: { data: part.data, format } };
  }
  return { type: 'file', file: { filename: part.filename ?? 'file', file_data: urlOf(part) } };
}

function contentOf(parts: readonly ChatPart[]): string | object[] {
  const shown = parts.flatMap((part) => (part.type === 'text' || part.type === 'file' ? [part] : []));
  if (shown.every((part) => part.type === 'text')) return shown.map((part) => part.text).join('\n');
  return shown.map((part) => (part.type === 'text' ? { type: 'text', text: part.text } : filePart(part)));
}

/** A tool's result; what it shows follows as the user's, since tool messages hold text only. */
function toolMessages(part: ToolResultPart): object[] {
  const message = { role: 'tool', tool_call_id: part.toolCallId, content: part.output };
  return part.files === undefined || part.files.length === 0
    ? [message]
    : [message, { role: 'user', content: part.files.map(filePart) }];
}

function assistantMessage({ content }: ChatMessage): object {
  const calls = content.flatMap((part) =>
    part.type === 'tool-call'
      ? [{ id: part.toolCallId, type: 'function', function: { name: part.toolName, arguments: part.input } }]
      : [],
  );
  const text = content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

function messagesOf(message: ChatMessage): object[] {
  if (message.role === 'assistant') return [assistantMessage(message)];
  const results = message.content.filter((part) => part.type === 'tool-result').flatMap(toolMessages);
  const rest = message.content.filter(({ type }) => type !== 'tool-result');
  if (message.role === 'tool' || rest.length === 0) return results;
  // Results come straight after the calls that they answer.
  return [...results, { role: message.role, content: contentOf(rest) }];
}

function formatOf({ responseFormat }: ChatRequest): object | undefined {
  if (responseFormat === undefined) return undefined;
  const { schema, name = 'answer', strict } = responseFormat;
  return schema === undefined
    ? { type: 'json_object' }
    : { type: 'json_schema', json_schema: { name, schema, ...(strict === undefined ? {} : { strict }) } };
}

/** Paths of what the request holds and this dialect cannot say. */
function lostOf(request: ChatRequest): string[] {
  const { messages, tools = [], reasoning } = request;
  const parts = messages.flatMap(({ content }) => content);
  const marked = [...parts.filter((part) => part.type !== 'reasoning'), ...tools];
  const lost: Readonly<Record<string, boolean>> = {
    top_k: request.topK !== undefined,
    'reasoning.budget_tokens': reasoning?.effort === undefined && (reasoning?.budgetTokens ?? 0) > 0,
    'messages.reasoning': parts.some(({ type }) => type === 'reasoning'),
    'messages.is_error': parts.some((part) => part.type === 'tool-result' && part.isError === true),
    'messages.file': messages.some(
      ({ role, content }) => role === 'assistant' && content.some(({ type }) => type === 'file'),
    ),
    cache_control: marked.some(({ cacheControl }) => cacheControl !== undefined),
  };
  return [...Object.keys(lost).filter((path) => lost[path] === true), ...(request.unknown ?? [])];
}

/** OpenAI's own levels. */
const EFFORTS: Readonly<Record<string, string>> = { max: 'xhigh' };

function effortOf({ reasoning }: ChatRequest): string | undefined {
  if (reasoning === undefined) return undefined;
  const { effort, budgetTokens } = reasoning;
  if (effort !== undefined) return EFFORTS[effort] ?? effort;
  return budgetTokens === undefined ? undefined : effortOfBudget(budgetTokens);
}

/** The request as a chat completions body. */
export function renderOpenAIChat(request: ChatRequest): Rendered {
  const { toolChoice } = request;
  const body = {
    model: request.model,
    messages: request.messages.flatMap(messagesOf),
    tools: request.tools?.map(({ name, description, inputSchema, strict }) => ({
      type: 'function',
      function: { name, description, parameters: inputSchema, strict },
    })),
    tool_choice: typeof toolChoice === 'object' ? { type: 'function', function: toolChoice } : toolChoice,
    parallel_tool_calls: request.parallelToolCalls,
    max_completion_tokens: request.maxOutputTokens,
    temperature: request.temperature,
    top_p: request.topP,
    presence_penalty: request.presencePenalty,
    frequency_penalty: request.frequencyPenalty,
    stop: request.stop,
    seed: request.seed,
    n: request.n,
    response_format: formatOf(request),
    reasoning_effort: effortOf(request),
    user: request.user,
    stream: request.stream ? true : undefined,
    stream_options: request.stream ? { include_usage: true } : undefined,
  };
  return { body: Buffer.from(JSON.stringify(body)), lost: lostOf(request) };
}
