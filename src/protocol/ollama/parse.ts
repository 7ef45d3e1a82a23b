import type { ChatMessage, ChatPart, ChatRequest, ChatTool, ReasoningPart, TextPart } from '../chat.ts';
import { given, isObject, list, text, unknownFields, type JsonObject } from '../guards.ts';
import { imagesOf } from './images.ts';
import { asks, settingsOf } from './settings.ts';
import { viewOllama, viewOllamaGenerate } from './view.ts';

interface Call {
  readonly id: string;
  readonly name: string;
}

/**
 * Gives calls without ids stable ones, `call_<n>` in order, and tells which call a result answers: by its id, else the
 * first open call of its name, else the first open call.
 */
function createCallBook(taken: ReadonlySet<string>) {
  let next = 0;
  let open: Call[] = [];
  const newId = (): string => {
    let id = `call_${next++}`;
    while (taken.has(id)) id = `call_${next++}`;
    return id;
  };
  const find = (id: string, name: string): Call | undefined =>
    id === '' ? (open.find((call) => call.name === name) ?? open[0]) : open.find((call) => call.id === id);
  return {
    begin(id: string, name: string): Call {
      const call = { id: id === '' ? newId() : id, name };
      open.push(call);
      return call;
    },
    answer(id: string, name: string): Call {
      const call = find(id, name);
      if (call === undefined) return { id: id === '' ? newId() : id, name };
      open = open.filter((other) => other !== call);
      return { id: call.id, name: name === '' ? call.name : name };
    },
    /** The user speaks: what is open stays so. */
    close() {
      open = [];
    },
  };
}

type CallBook = ReturnType<typeof createCallBook>;

const fieldsOf = (value: unknown): JsonObject => (isObject(value) ? value : {});

/** The ids that the body itself gives its calls. */
function idsOf(messages: readonly unknown[]): ReadonlySet<string> {
  const calls = messages.flatMap((message) => list(fieldsOf(message)['tool_calls']));
  return new Set(calls.map((call) => text(fieldsOf(call)['id'])).filter((id) => id !== undefined));
}

function callPart(call: unknown, book: CallBook): ChatPart {
  const fields = fieldsOf(call);
  const { name, arguments: input = {} } = fieldsOf(fields['function']);
  const { id, name: toolName } = book.begin(text(fields['id']) ?? '', text(name) ?? '');
  return { type: 'tool-call', toolCallId: id, toolName, input: text(input) ?? JSON.stringify(input ?? {}) };
}

function resultMessage(message: JsonObject, output: string, path: string, book: CallBook): ChatMessage {
  const { id, name } = book.answer(
    text(message['tool_call_id']) ?? '',
    text(message['tool_name']) ?? text(message['name']) ?? '',
  );
  const files = imagesOf(message['images'], `${path}.images`);
  const result = { type: 'tool-result', toolCallId: id, toolName: name, output } as const;
  return { role: 'tool', content: [files.length === 0 ? result : { ...result, files }] };
}

function messageOf(value: unknown, role: ChatMessage['role'], words: string, path: string, book: CallBook) {
  const message = fieldsOf(value);
  if (role === 'tool') return resultMessage(message, words, path, book);
  if (role === 'user') book.close();
  const thinking = text(message['thinking']) ?? '';
  const reasoning: ReasoningPart[] = thinking === '' ? [] : [{ type: 'reasoning', text: thinking }];
  const spoken: TextPart[] = words === '' ? [] : [{ type: 'text', text: words }];
  const calls = list(message['tool_calls']).map((call) => callPart(call, book));
  const images = imagesOf(message['images'], `${path}.images`);
  return { role, content: [...reasoning, ...images, ...spoken, ...calls] };
}

function toolsOf(body: JsonObject): ChatTool[] | undefined {
  const tools = list(body['tools']).flatMap((tool) => {
    const { name, description, parameters } = fieldsOf(fieldsOf(tool)['function']);
    const inputSchema = isObject(parameters) ? parameters : { type: 'object', properties: {} };
    return typeof name === 'string' ? [given({ name, description: text(description), inputSchema })] : [];
  });
  return tools.length === 0 ? undefined : tools;
}

const isFunction = (tool: unknown): boolean => typeof fieldsOf(fieldsOf(tool)['function'])['name'] === 'string';
/** Names tools that are no functions. */
const otherTools = (body: JsonObject): string[] =>
  list(body['tools']).flatMap((tool) => (isFunction(tool) ? [] : [`tools.${text(fieldsOf(tool)['type']) ?? 'tool'}`]));

const MESSAGE: ReadonlySet<string> = new Set(
  'role content thinking images tool_calls tool_call_id tool_name name'.split(' '),
);
/** Names fields of a message that the neutral one has no room for. */
function otherFields(value: unknown): string[] {
  const message = fieldsOf(value);
  const names = unknownFields(message, MESSAGE).filter((name) => asks(message[name]));
  return names.map((name) => `messages.${name}`);
}

const SHARED = ['model', 'stream', 'options', 'format', 'think', 'logprobs', 'top_logprobs'];
const KNOWN_TO_CHAT: ReadonlySet<string> = new Set([...SHARED, 'messages', 'tools']);
const KNOWN_TO_GENERATE: ReadonlySet<string> = new Set([...SHARED, 'prompt', 'system', 'images']);

/**
 * A `/api/chat` body as the neutral request.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseOllama(body: unknown): ChatRequest {
  const view = viewOllama(body);
  const fields = fieldsOf(body);
  const messages = list(fields['messages']);
  const book = createCallBook(idsOf(messages));
  return given({
    model: text(fields['model']) ?? '',
    messages: view.messages.map(({ role, text: words }, i) =>
      messageOf(messages[i], role, words, `messages[${i}]`, book),
    ),
    stream: view.stream,
    tools: toolsOf(fields),
    ...settingsOf(fields, KNOWN_TO_CHAT, [...otherTools(fields), ...messages.flatMap(otherFields)]),
  });
}

/**
 * A `/api/generate` body as the neutral request.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseOllamaGenerate(body: unknown): ChatRequest {
  const view = viewOllamaGenerate(body);
  const fields = fieldsOf(body);
  return given({
    model: text(fields['model']) ?? '',
    messages: view.messages.map(({ role, text: words }): ChatMessage => {
      const images = role === 'user' ? imagesOf(fields['images'], 'images') : [];
      return { role, content: [...images, { type: 'text', text: words }] };
    }),
    stream: view.stream,
    ...settingsOf(fields, KNOWN_TO_GENERATE),
  });
}
