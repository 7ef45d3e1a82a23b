import { SignalboxError } from '../errors.ts';
import type { Dialect } from './chat.ts';
import type { Codec } from './codec.ts';
import { anthropic } from './anthropic/codec.ts';
import { ollama, ollamaGenerate } from './ollama/codec.ts';
import { openaiChat } from './openai-chat/codec.ts';
import { openaiEmbeddings } from './openai-embeddings/codec.ts';
import { openaiResponses } from './openai-responses/codec.ts';

/** One line per dialect. */
const CODECS: Readonly<Partial<Record<Dialect, Codec>>> = {
  anthropic,
  ollama,
  'ollama-generate': ollamaGenerate,
  'openai-chat': openaiChat,
  'openai-embeddings': openaiEmbeddings,
  'openai-responses': openaiResponses,
};

/**
 * The codec of a dialect.
 * @throws `not_in_effect` for a dialect that has none yet.
 */
export function codecOf(dialect: Dialect): Codec {
  const codec = CODECS[dialect];
  if (codec === undefined) throw new SignalboxError('not_in_effect', `the dialect ${dialect} is not yet in effect`);
  return codec;
}
