import type {
  LanguageModelV3FunctionTool,
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  LanguageModelV3ToolChoice,
  LanguageModelV3ToolResultPart,
  SharedV3ProviderOptions,
} from '@ai-sdk/provider';
import type { ChatMessage, ChatPart, ChatRequest, ChatTool, FilePart } from '../../protocol/chat.ts';
import { given, isObject } from '../../protocol/guards.ts';

/** What a model said beside a tool call of its own, which it wants back with the call. */
export type Recall = (toolCallId: string) => SharedV3ProviderOptions | undefined;

type UserPart = Extract<LanguageModelV3Message, { role: 'user' }>['content'][number];
type AssistantPart = Extract<LanguageModelV3Message, { role: 'assistant' }>['content'][number];

function fileOf({ mediaType, data, filename }: FilePart): UserPart {
  return { type: 'file', mediaType, data, ...given({ filename }) };
}

/** Arguments that are no JSON stay the text that they are. */
function inputOf(input: string): unknown {
  if (input.trim() === '') return {};
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

const userPart = (part: ChatPart): UserPart[] =>
  part.type === 'text' ? [{ type: 'text', text: part.text }] : part.type === 'file' ? [fileOf(part)] : [];

function assistantPart(part: ChatPart, recall: Recall): AssistantPart[] {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return part.text === '' ? [] : [{ type: part.type, text: part.text }];
    case 'file':
      return [{ type: 'file', mediaType: part.mediaType, data: part.data, ...given({ filename: part.filename }) }];
    case 'tool-call': {
      const { toolCallId, toolName, input } = part;
      return [
        {
          type: 'tool-call',
          toolCallId,
          toolName,
          input: inputOf(input),
          ...given({ providerOptions: recall(toolCallId) }),
        },
      ];
    }
    case 'tool-result':
      return [];
    default:
      return part satisfies never;
  }
}

function resultsOf({ content }: ChatMessage, names: ReadonlyMap<string, string>): LanguageModelV3ToolResultPart[] {
  return content.flatMap((part) =>
    part.type === 'tool-result'
      ? [
          {
            type: 'tool-result' as const,
            toolCallId: part.toolCallId,
            // Chat completions name the call only; some providers want the tool.
            toolName: part.toolName === '' ? (names.get(part.toolCallId) ?? '') : part.toolName,
            output: { type: part.isError === true ? ('error-text' as const) : ('text' as const), value: part.output },
          },
        ]
      : [],
  );
}

/**
 * Neutral messages as the AI SDK's prompt. Instructions come first, since several providers refuse them elsewhere; results
 * that follow each other are one message, since several providers want all results of one turn together.
 */
export function promptOf(messages: readonly ChatMessage[], recall: Recall = () => undefined): LanguageModelV3Prompt {
  const names = new Map<string, string>();
  const system: LanguageModelV3Message[] = [];
  const turns: LanguageModelV3Message[] = [];
  for (const message of messages) {
    const { content } = message;
    for (const part of content) if (part.type === 'tool-call') names.set(part.toolCallId, part.toolName);
    if (message.role === 'system') {
      const words = content.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      system.push({ role: 'system', content: words.join('\n') });
    } else if (message.role === 'user') {
      turns.push({ role: 'user', content: content.flatMap(userPart) });
    } else if (message.role === 'assistant') {
      turns.push({ role: 'assistant', content: content.flatMap((part) => assistantPart(part, recall)) });
    } else {
      const results = resultsOf(message, names);
      const last = turns.at(-1);
      if (last?.role === 'tool') last.content.push(...results);
      else turns.push({ role: 'tool', content: results });
    }
  }
  return [...system, ...turns];
}

/** A tool without parameters takes an empty object. */
function schemaOf(schema: unknown): LanguageModelV3FunctionTool['inputSchema'] {
  return isObject(schema) && Object.keys(schema).length > 0 ? schema : { type: 'object', properties: {} };
}

/** The AI SDK's tools. */
export function toolsOf(tools: readonly ChatTool[]): LanguageModelV3FunctionTool[] {
  return tools.map(({ name, description, inputSchema, strict }) => ({
    type: 'function',
    name,
    inputSchema: schemaOf(inputSchema),
    ...given({ description, strict }),
  }));
}

/** The AI SDK's choice of a tool. */
export function toolChoiceOf(choice: ChatRequest['toolChoice']): LanguageModelV3ToolChoice | undefined {
  if (choice === undefined) return undefined;
  return typeof choice === 'object' ? { type: 'tool', toolName: choice.name } : { type: choice };
}
