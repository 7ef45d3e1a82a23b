import { createCodec } from '../create-codec.ts';
import { holdsState } from './holds-state.ts';
import { SSE } from '../framing.ts';
import { isObject } from '../guards.ts';
import { openaiError } from '../openai-chat/error.ts';
import { openaiResponsesErrorEvent } from './error.ts';
import { disownReasoning, forgetReasoning } from './forget.ts';
import { parseOpenAIResponses } from './parse.ts';
import { readOpenAIResponsesBody } from './read-whole.ts';
import { readOpenAIResponses } from './reader.ts';
import { renderOpenAIResponses } from './render.ts';
import { viewOpenAIResponses } from './view.ts';
import { writeOpenAIResponses, writeWholeOpenAIResponses } from './writer.ts';

/** OpenAI Responses. */
export const openaiResponses = createCodec({
  dialect: 'openai-responses',
  framing: SSE,
  streamType: 'text/event-stream',
  parse: parseOpenAIResponses,
  view: viewOpenAIResponses,
  streams: (body) => isObject(body) && body['stream'] === true,
  // Every stream tells its usage.
  asksForUsage: () => false,
  bound: holdsState,
  render: renderOpenAIResponses,
  forget: forgetReasoning,
  disown: disownReasoning,
  reader: readOpenAIResponses,
  readBody: readOpenAIResponsesBody,
  writer: writeOpenAIResponses,
  writeWhole: writeWholeOpenAIResponses,
  error: (error) => Buffer.from(JSON.stringify(openaiError(error))),
  errorEvent: openaiResponsesErrorEvent,
});
