import { SignalboxError } from '../../errors.ts';
import type { QueryInput } from '../../query/query.ts';
import type { ChatEvent } from '../chat.ts';
import { createCodec } from '../create-codec.ts';
import { SSE } from '../framing.ts';
import { isObject, list, text, type JsonObject } from '../guards.ts';
import { openaiError } from '../openai-chat/error.ts';
import { errorEventOf, metadataOf } from '../openai-chat/reader.ts';
import { openaiErrorEvent } from '../openai-chat/tap.ts';
import { usageOf } from '../openai-chat/usage.ts';

/** What is embedded: a text, several, or token ids, of which four characters each are assumed. */
function inputText(input: unknown): string {
  if (typeof input === 'string') return input;
  return list(input)
    .map((item) => text(item) ?? ' '.repeat(4 * (Array.isArray(item) ? item.length : 1)))
    .join('\n');
}

function view(body: unknown): QueryInput {
  if (!isObject(body)) throw new SignalboxError('invalid_request', 'body: expected a JSON object', { param: 'body' });
  const { input } = body;
  if (typeof input !== 'string' && !(Array.isArray(input) && input.length > 0)) {
    throw new SignalboxError('invalid_request', 'input: expected a string or an array of strings or token ids', {
      param: 'input',
    });
  }
  return {
    messages: [{ role: 'user', text: inputText(input), images: 0, audio: 0, files: 0 }],
    toolCount: 0,
    toolChars: 0,
    json: false,
    reasoning: false,
    stream: false,
    maxOutput: 0,
  };
}

function readBody(body: JsonObject): readonly ChatEvent[] {
  const error = errorEventOf(body);
  if (error !== undefined) return [error];
  const usage = usageOf(body['usage']);
  return [
    metadataOf(body),
    { type: 'finish', finishReason: 'stop' },
    ...(usage === undefined ? [] : [{ type: 'usage' as const, usage }]),
  ];
}

/** Vector spaces must not mix, so nothing here is ever translated. */
function untranslated(): never {
  throw new SignalboxError('invalid_request', 'embeddings are passed on as they are; this provider has none');
}

/** OpenAI's embeddings: read for routing and settlement, and passed through. */
export const openaiEmbeddings = createCodec({
  dialect: 'openai-embeddings',
  framing: SSE,
  streamType: 'text/event-stream',
  view,
  readBody,
  parse: untranslated,
  render: untranslated,
  reader: untranslated,
  writer: untranslated,
  writeWhole: untranslated,
  streams: () => false,
  asksForUsage: () => true,
  error: (error) => Buffer.from(JSON.stringify(openaiError(error))),
  errorEvent: openaiErrorEvent,
});
