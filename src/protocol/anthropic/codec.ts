import type { SignalboxError } from '../../errors.ts';
import { createCodec } from '../create-codec.ts';
import { SSE } from '../framing.ts';
import { goOnMessages } from '../go-on.ts';
import { isObject } from '../guards.ts';
import { anthropicError } from './error.ts';
import { disownThinking, forgetThinking } from './forget.ts';
import { parseAnthropic } from './parse.ts';
import type { FieldEdit } from '../patch.ts';
import { readAnthropicBody } from './read-whole.ts';
import { readAnthropic } from './reader.ts';
import { renderAnthropic } from './render.ts';
import { viewAnthropic } from './view.ts';
import { writeWholeAnthropic } from './write-whole.ts';
import { writeAnthropic } from './writer.ts';

function errorEvent(error: SignalboxError, routing?: unknown): Uint8Array {
  const body = { ...anthropicError(error), ...(routing === undefined ? {} : { routing }) };
  return Buffer.from(`event: error\ndata: ${JSON.stringify(body)}\n\n`);
}

/** An answer that has begun is gone on with by models that do not think first. */
function goOn(body: unknown, said: string): readonly FieldEdit[] {
  const thinks = isObject(body) && isObject(body['thinking']);
  const silent = { field: 'thinking', value: { type: 'disabled' } };
  return thinks ? [...goOnMessages(body, said), silent] : goOnMessages(body, said);
}

const STOP = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');

/** Anthropic Messages. */
export const anthropic = createCodec({
  dialect: 'anthropic',
  framing: SSE,
  streamType: 'text/event-stream',
  parse: parseAnthropic,
  view: viewAnthropic,
  streams: (body) => isObject(body) && body['stream'] === true,
  // Every stream tells its usage.
  asksForUsage: () => false,
  render: renderAnthropic,
  forget: forgetThinking,
  disown: disownThinking,
  goOn,
  reader: readAnthropic,
  readBody: readAnthropicBody,
  writer: writeAnthropic,
  writeWhole: writeWholeAnthropic,
  ending: () => STOP,
  error: (error, requestId) => Buffer.from(JSON.stringify(anthropicError(error, requestId))),
  errorEvent,
});
