import type { Dialect } from '../chat.ts';
import type { Codec } from '../codec.ts';
import { createCodec, type CodecParts } from '../create-codec.ts';
import { NDJSON } from '../framing.ts';
import { goOnMessages } from '../go-on.ts';
import { ollamaError } from './error.ts';
import { parseOllama, parseOllamaGenerate } from './parse.ts';
import { readBody, readLines } from './reader.ts';
import { renderOllama } from './render.ts';
import { CHAT, GENERATE, type Shape } from './shape.ts';
import { streamsOllama, viewOllama, viewOllamaGenerate } from './view.ts';
import { writeLines, writeWhole } from './writer.ts';

function create(dialect: Dialect, shape: Shape, { parse, view }: Pick<CodecParts, 'parse' | 'view'>): Codec {
  return createCodec({
    dialect,
    framing: NDJSON,
    streamType: 'application/x-ndjson',
    parse,
    view,
    streams: streamsOllama,
    // Its last line always tells it.
    asksForUsage: () => false,
    render: renderOllama,
    goOn: goOnMessages,
    reader: () => readLines(shape),
    readBody: (body) => readBody(body, shape),
    writer: (options) => writeLines(options, shape),
    writeWhole: (events, options) => writeWhole(events, options, shape),
    error: ({ message }) => Buffer.from(ollamaError(message)),
    errorEvent: ({ message }, routing) => Buffer.from(`${ollamaError(message, routing)}\n`),
  });
}

/** Ollama's `/api/chat`. */
export const ollama = create('ollama', CHAT, { parse: parseOllama, view: viewOllama });

/** Ollama's `/api/generate`, for callers only: upstreams are asked through `/api/chat`, which is what it renders. */
export const ollamaGenerate = create('ollama-generate', GENERATE, {
  parse: parseOllamaGenerate,
  view: viewOllamaGenerate,
});
