import { createCodec } from '../create-codec.ts';
import { SSE } from '../framing.ts';
import { goOnMessages } from '../go-on.ts';
import { isObject } from '../guards.ts';
import { openaiError } from './error.ts';
import { parseOpenAIChat } from './parse.ts';
import { readOpenAIChat, readOpenAIChatBody } from './reader.ts';
import { renderOpenAIChat } from './render.ts';
import { answersWanted, asksOpenAIForUsage, openaiErrorEvent, seenOpenAIChat, tapOpenAIChat } from './tap.ts';
import { viewOpenAIChat } from './view.ts';
import { writeOpenAIChat, writeWholeOpenAIChat } from './writer.ts';

/** OpenAI Chat Completions. */
export const openaiChat = createCodec({
  dialect: 'openai-chat',
  framing: SSE,
  streamType: 'text/event-stream',
  parse: parseOpenAIChat,
  view: viewOpenAIChat,
  streams: (body) => isObject(body) && body['stream'] === true,
  asksForUsage: asksOpenAIForUsage,
  answersWanted,
  render: renderOpenAIChat,
  goOn: goOnMessages,
  reader: readOpenAIChat,
  readBody: readOpenAIChatBody,
  writer: writeOpenAIChat,
  writeWhole: writeWholeOpenAIChat,
  // Its own: most requests pass through them.
  tap: tapOpenAIChat,
  seenWhole: seenOpenAIChat,
  error: (error) => Buffer.from(JSON.stringify(openaiError(error))),
  errorEvent: openaiErrorEvent,
});
