import type { Capability } from '../catalog/model.ts';
import { separate } from './instruction.ts';
import type { Query, QueryInput } from './query.ts';
import { signalsOf } from './signals.ts';
import { estimateTokens } from './tokens.ts';

/** Tokens that a message costs beside its text (role and separators). */
const PER_MESSAGE = 4;
/** An image at OpenAI's high detail: four 512-pixel tiles and the base (OpenAI, vision guide). */
const PER_IMAGE = 765;
/** Ten seconds of audio; a file of two pages. */
const PER_AUDIO = 300;
const PER_FILE = 1500;
/** Tool definitions are JSON: about this many characters per token. */
const TOOL_CHARS_PER_TOKEN = 4;

/**
 * What routing knows of a request. Linear in its length; the last user turn is what is asked, everything counts for tokens.
 *
 * @example
 * ```ts
 * const query = buildQuery(codecOf('openai-chat').view(body));
 * query.instruction; // "Summarise this in one line:"
 * query.inputTokens; // 1830
 * ```
 */
export function buildQuery(input: QueryInput, options: { readonly session?: string | undefined } = {}): Query {
  const needs = new Set<Capability>();
  if (input.toolCount > 0) needs.add('tools');
  if (input.json) needs.add('json');
  if (input.reasoning) needs.add('reasoning');
  let inputTokens = Math.ceil(input.toolChars / TOOL_CHARS_PER_TOKEN);
  let turns = 0;
  let text = '';
  for (const message of input.messages) {
    inputTokens += estimateTokens(message.text) + PER_MESSAGE;
    inputTokens += message.images * PER_IMAGE + message.audio * PER_AUDIO + message.files * PER_FILE;
    if (message.images > 0) needs.add('vision');
    if (message.audio > 0) needs.add('audio');
    if (message.files > 0) needs.add('files');
    if (message.role === 'user') {
      turns++;
      text = message.text;
    }
  }
  const { instruction, payloadChars } = separate(text);
  return {
    instruction,
    text,
    inputTokens,
    turns,
    needs,
    signals: signalsOf(input, text, instruction, payloadChars),
    maxOutput: input.maxOutput,
    answers: input.answers,
    session: options.session,
  };
}
