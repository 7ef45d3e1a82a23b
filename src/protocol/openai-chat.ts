import { addRouting } from './add-routing.ts';
import type { Codec } from './chat.ts';
import { openaiError } from './openai-error.ts';
import { decodeOpenAIChat, encodeOpenAIChat } from './openai-events.ts';
import { parseOpenAIChat } from './openai-parse.ts';
import {
  asksOpenAIForUsage,
  openaiErrorEvent,
  openaiRoutingEvent,
  seenOpenAIChat,
  tapOpenAIChat,
} from './openai-tap.ts';
import { viewOpenAIChat } from './openai-view.ts';

/** OpenAI Chat Completions. */
export const openaiChat: Codec = {
  dialect: 'openai-chat',
  parse: parseOpenAIChat,
  view: viewOpenAIChat,
  asksForUsage: asksOpenAIForUsage,
  encode: encodeOpenAIChat,
  decode: decodeOpenAIChat,
  tap: tapOpenAIChat,
  seenWhole: seenOpenAIChat,
  addRouting,
  routingEvent: openaiRoutingEvent,
  error: (error) => Buffer.from(JSON.stringify(openaiError(error))),
  errorEvent: openaiErrorEvent,
};
