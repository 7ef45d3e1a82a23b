import type { ChatPart, ChatRequest } from '../chat.ts';

/** What is known of the model and the request beside the request itself, in tokens. */
export interface ContextKnown {
  readonly contextWindow?: number;
  readonly inputTokens?: number;
}

const SMALLEST = 8192;
/** Room for an answer whose length nobody limits. */
const ANSWER = 4096;
/** Most vision models spend less on an image. */
const PER_IMAGE = 2048;

function bytesOf(part: ChatPart): number {
  if (part.type === 'tool-call') return Buffer.byteLength(part.input) + part.toolName.length;
  if (part.type === 'tool-result') return Buffer.byteLength(part.output) + 3 * PER_IMAGE * (part.files?.length ?? 0);
  return part.type === 'file' ? 3 * PER_IMAGE : Buffer.byteLength(part.text);
}

/** At most: bytes of UTF-8 rather than characters, since a CJK character is a token or so of its own. */
function estimate({ messages, tools, responseFormat }: ChatRequest): number {
  const parts = messages.reduce((sum, { content }) => content.reduce((all, part) => all + bytesOf(part), sum), 0);
  const json =
    tools === undefined && responseFormat?.schema === undefined ? '' : JSON.stringify([tools, responseFormat]);
  return Math.ceil((parts + Buffer.byteLength(json)) / 3) + 16 * messages.length;
}

/**
 * The context to ask for, tokens: Ollama's own default is small, and what does not fit is cut off without a word. A
 * power of two, since each other size makes it load the model anew.
 */
export function contextSize(request: ChatRequest, { contextWindow, inputTokens }: ContextKnown): number {
  const needed = (inputTokens ?? estimate(request)) + (request.maxOutputTokens ?? ANSWER);
  const size = Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(Math.max(1, needed))));
  return contextWindow === undefined || contextWindow <= 0 ? size : Math.min(size, contextWindow);
}
