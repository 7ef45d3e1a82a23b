import type { ChatPart, ChatRequest, ChatTool } from '../chat.ts';

/** Marks for the prompt cache that a request may hold. */
const MAX_MARKS = 4;

type Marked = ChatTool | Exclude<ChatPart, { type: 'reasoning' }>;

const isMarked = (part: ChatTool | ChatPart): boolean => 'cacheControl' in part && part.cacheControl !== undefined;

/** The request without the marks that are too many. The last ones are the deepest, and worth most. */
export function fewerMarks(request: ChatRequest, lost: Set<string>): ChatRequest {
  const parts = request.messages.flatMap(({ content }) => content);
  let extra = [...(request.tools ?? []), ...parts].filter(isMarked).length - MAX_MARKS;
  if (extra <= 0) return request;
  lost.add('cache_control');
  const unmarked = <T extends Marked>(part: T): T => {
    if (extra <= 0 || !isMarked(part)) return part;
    extra--;
    return { ...part, cacheControl: undefined };
  };
  const tools = request.tools?.map(unmarked);
  const messages = request.messages.map((message) => ({
    ...message,
    content: message.content.map((part) => (part.type === 'reasoning' ? part : unmarked(part))),
  }));
  return { ...request, messages, ...(tools === undefined ? {} : { tools }) };
}
