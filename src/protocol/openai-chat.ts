import type { Codec } from './chat.ts';
import { openaiError } from './openai-error.ts';
import { decodeOpenAIChat, encodeOpenAIChat } from './openai-events.ts';
import { parseOpenAIChat } from './openai-parse.ts';
import { viewOpenAIChat } from './openai-view.ts';

/** OpenAI Chat Completions. */
export const openaiChat: Codec = {
  dialect: 'openai-chat',
  parse: parseOpenAIChat,
  view: viewOpenAIChat,
  encode: encodeOpenAIChat,
  decode: decodeOpenAIChat,
  error: (error) => Buffer.from(JSON.stringify(openaiError(error))),
};
