import type {
  LanguageModelV3FilePart,
  LanguageModelV3Message,
  LanguageModelV3Prompt,
  LanguageModelV3ToolResultPart,
} from '@ai-sdk/provider';
import type { ChatMessage, ChatPart, FilePart, ToolResultPart } from '../protocol/chat.ts';
import { given } from '../protocol/guards.ts';

/** Notes what the neutral request cannot hold. */
export type Lose = (feature: string) => void;

type Output = LanguageModelV3ToolResultPart['output'];
type OutputPart = Extract<Output, { type: 'content' }>['value'][number];
type AssistantPart = Extract<LanguageModelV3Message, { role: 'assistant' }>['content'][number];

function fileOf({ data, mediaType, filename }: LanguageModelV3FilePart): FilePart {
  const bytes = data instanceof Uint8Array ? Buffer.from(data).toString('base64') : data;
  return given({ type: 'file' as const, mediaType, data: bytes, filename });
}

function filesOf(part: OutputPart, lose: Lose): FilePart[] {
  switch (part.type) {
    case 'text':
      return [];
    case 'file-data':
      return [given({ type: 'file' as const, mediaType: part.mediaType, data: part.data, filename: part.filename })];
    case 'image-data':
      return [{ type: 'file', mediaType: part.mediaType, data: part.data }];
    case 'file-url':
      return [{ type: 'file', mediaType: part.mediaType ?? 'application/pdf', data: new URL(part.url) }];
    case 'image-url':
      return [{ type: 'file', mediaType: 'image/*', data: new URL(part.url) }];
    default:
      lose(`tool result content of type ${part.type}`);
      return [];
  }
}

function outputOf(output: Output, lose: Lose): Pick<ToolResultPart, 'output' | 'files' | 'isError'> {
  switch (output.type) {
    case 'text':
      return { output: output.value };
    case 'json':
      return { output: JSON.stringify(output.value) };
    case 'error-text':
      return { output: output.value, isError: true };
    case 'error-json':
      return { output: JSON.stringify(output.value), isError: true };
    case 'execution-denied':
      return { output: output.reason ?? 'The user did not allow this call.', isError: true };
    case 'content': {
      const words = output.value.flatMap((part) => (part.type === 'text' ? [part.text] : []));
      return { output: words.join('\n'), files: output.value.flatMap((part) => filesOf(part, lose)) };
    }
    default:
      return output satisfies never;
  }
}

function assistantPart(part: AssistantPart, lose: Lose): ChatPart[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'reasoning':
      return [{ type: 'reasoning', text: part.text }];
    case 'tool-call': {
      if (part.providerExecuted === true) {
        lose('tool calls that a provider executed');
        return [];
      }
      const { toolCallId, toolName, input } = part;
      return [{ type: 'tool-call', toolCallId, toolName, input: JSON.stringify(input ?? {}) }];
    }
    case 'file':
      lose('files of the assistant');
      return [];
    case 'tool-result':
      // Its call is lost above, and told there.
      return [];
    default:
      return part satisfies never;
  }
}

function messageOf(message: LanguageModelV3Message, lose: Lose): ChatMessage {
  switch (message.role) {
    case 'system':
      return { role: 'system', content: [{ type: 'text', text: message.content }] };
    case 'user':
      return {
        role: 'user',
        content: message.content.map((part) =>
          part.type === 'text' ? { type: 'text', text: part.text } : fileOf(part),
        ),
      };
    case 'assistant':
      return { role: 'assistant', content: message.content.flatMap((part) => assistantPart(part, lose)) };
    case 'tool':
      return {
        role: 'tool',
        // What the user said to a request for approval is in the result that follows it.
        content: message.content.flatMap((part) =>
          part.type === 'tool-result'
            ? [
                {
                  type: 'tool-result' as const,
                  toolCallId: part.toolCallId,
                  toolName: part.toolName,
                  ...outputOf(part.output, lose),
                },
              ]
            : [],
        ),
      };
    default:
      return message satisfies never;
  }
}

/** The AI SDK's prompt as neutral messages. */
export function messagesOf(prompt: LanguageModelV3Prompt, lose: Lose): ChatMessage[] {
  return prompt.map((message) => messageOf(message, lose));
}
