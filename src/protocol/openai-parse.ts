import { SignalboxError } from '../errors.ts';
import type { ChatMessage, ChatPart, ChatRequest } from './chat.ts';
import { count, isObject, list, text, type JsonObject } from './guards.ts';
import { viewOpenAIChat } from './openai-view.ts';

function partOf(part: unknown): ChatPart[] {
  if (!isObject(part)) return [];
  const words = text(part['text']);
  if (words !== undefined) return [{ type: 'text', text: words }];
  const image = isObject(part['image_url']) ? text(part['image_url']['url']) : undefined;
  if (image === undefined) return [];
  const inline = /^data:([^;,]+);base64,(.*)$/s.exec(image);
  if (inline !== null) return [{ type: 'file', mediaType: inline[1] ?? 'image/*', data: inline[2] ?? '' }];
  if (!URL.canParse(image))
    throw new SignalboxError('invalid_request', 'image_url.url: expected a URL or a data URL', { param: 'messages' });
  return [{ type: 'file', mediaType: 'image/*', data: new URL(image) }];
}

function callsOf(message: JsonObject): ChatPart[] {
  return list(message['tool_calls']).flatMap((call): ChatPart[] => {
    if (!isObject(call) || !isObject(call['function'])) return [];
    const { function: fn } = call as { function: JsonObject };
    return [
      {
        type: 'tool-call',
        toolCallId: text(call['id']) ?? '',
        toolName: text(fn['name']) ?? '',
        input: text(fn['arguments']) ?? '{}',
      },
    ];
  });
}

function messageOf(message: unknown, role: ChatMessage['role'], words: string): ChatMessage {
  if (!isObject(message)) return { role, content: [] };
  if (role === 'tool') {
    return {
      role,
      content: [
        {
          type: 'tool-result',
          toolCallId: text(message['tool_call_id']) ?? '',
          toolName: text(message['name']) ?? '',
          output: words,
        },
      ],
    };
  }
  const content = message['content'];
  const parts: ChatPart[] =
    typeof content === 'string' ? [{ type: 'text', text: content }] : list(content).flatMap(partOf);
  return { role, content: [...parts, ...callsOf(message)] };
}

function toolsOf(body: JsonObject): ChatRequest['tools'] {
  return list(body['tools']).flatMap((tool) => {
    if (!isObject(tool) || !isObject(tool['function'])) return [];
    const fn = tool['function'];
    const description = text(fn['description']);
    return [
      {
        name: text(fn['name']) ?? '',
        inputSchema: fn['parameters'] ?? {},
        ...(description === undefined ? {} : { description }),
      },
    ];
  });
}

function toolChoiceOf(choice: unknown): ChatRequest['toolChoice'] {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const name = isObject(choice) && isObject(choice['function']) ? text(choice['function']['name']) : undefined;
  return name === undefined ? undefined : { name };
}

/**
 * A chat completions body as the neutral request.
 * @throws `invalid_request` with the path of the offending field.
 */
export function parseOpenAIChat(body: unknown): ChatRequest {
  const view = viewOpenAIChat(body);
  const fields = isObject(body) ? body : {};
  const messages = list(fields['messages']).map((message, i) => {
    const seen = view.messages[i];
    return messageOf(message, seen?.role ?? 'user', seen?.text ?? '');
  });
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : undefined);
  const tools = toolsOf(fields);
  const stop =
    typeof fields['stop'] === 'string'
      ? [fields['stop']]
      : list(fields['stop']).filter((item) => typeof item === 'string');
  const toolChoice = toolChoiceOf(fields['tool_choice']);
  const format = fields['response_format'];
  const schema = isObject(format) && isObject(format['json_schema']) ? format['json_schema']['schema'] : undefined;
  const temperature = number('temperature');
  const topP = number('top_p');
  const seed = count(fields['seed']);
  return {
    model: text(fields['model']) ?? '',
    messages,
    stream: view.stream,
    ...(tools === undefined || tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(view.maxOutput === undefined ? {} : { maxOutputTokens: view.maxOutput }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
    ...(stop.length === 0 ? {} : { stop }),
    ...(seed === undefined ? {} : { seed }),
    ...(view.json ? { responseFormat: { type: 'json' as const, ...(schema === undefined ? {} : { schema }) } } : {}),
  };
}
