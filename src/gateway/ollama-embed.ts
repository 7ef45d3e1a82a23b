import { SignalboxError } from '../errors.ts';
import { warningsHeader } from '../flow/head.ts';
import { isObject, list, text, unknownFields, type JsonObject } from '../protocol/guards.ts';
import { parseJson } from '../protocol/json.ts';
import type { Caller } from './inference.ts';
import type { Reply } from './reply.ts';
import { wholeBody } from '../flow/body.ts';

/** Ollama's two ways to ask for embeddings: the older takes one `prompt` and gives one vector. */
export const OLLAMA_EMBED: ReadonlySet<string> = new Set(['/api/embed', '/api/embeddings']);

/** Fields that go on. */
const KNOWN: ReadonlySet<string> = new Set(['model', 'input', 'prompt', 'dimensions']);

/** What OpenAI's dialect has no words for; it never truncates. */
function lostOf(body: JsonObject): string[] {
  const lost = unknownFields(body, KNOWN).filter((name) => !(name === 'truncate' && body[name] === false));
  return lost.map((name) => `dropped:${name}`);
}

/** A caller of Ollama's embeddings as one of OpenAI's, and what it is told. */
export interface EmbedCaller {
  readonly caller: Caller;
  /** The reply as Ollama writes it, an error included. */
  reply(given: Reply): Reply;
}

/** Embeddings as Ollama asks for them at `path`. */
export function embedCaller({ signal, read }: Caller, path: string): EmbedCaller {
  let lost: readonly string[] = [];
  return {
    caller: {
      signal,
      async read(limit) {
        const body = parseJson(await read(limit));
        if (!isObject(body)) throw new SignalboxError('invalid_request', 'body: expected a JSON object');
        lost = lostOf(body);
        const { model, input, prompt, dimensions } = body;
        return Buffer.from(JSON.stringify({ model, input: input ?? prompt, dimensions }));
      },
    },
    reply(given) {
      const told = replyOf(given, path);
      const warnings = warningsHeader([told.headers['x-signalbox-warnings'] ?? [], lost].flat());
      return warnings === '' ? told : { ...told, headers: { ...told.headers, 'x-signalbox-warnings': warnings } };
    },
  };
}

/** Undefined for what is not JSON: an upstream's own words may be any. */
function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch {
    return undefined;
  }
}

function vectors(body: unknown): readonly unknown[] {
  return list(isObject(body) ? body['data'] : undefined).map((row) => (isObject(row) ? row['embedding'] : undefined));
}

function replyOf(reply: Reply, path: string): Reply {
  const { whole } = reply.body;
  if (whole === undefined) return reply;
  const body = jsonOf(whole);
  const told = (value: object): Reply => ({ ...reply, body: wholeBody(Buffer.from(JSON.stringify(value))) });
  if (reply.status !== 200 || !isObject(body)) {
    const error = isObject(body) ? body['error'] : Buffer.from(whole).toString('utf8').slice(0, 500);
    return told({ error: (isObject(error) ? text(error['message']) : text(error)) ?? 'the request failed' });
  }
  const usage = isObject(body['usage']) ? body['usage'] : {};
  const embeddings = vectors(body);
  if (path === '/api/embeddings') return told({ embedding: embeddings[0] ?? [] });
  return told({
    model: body['model'],
    embeddings,
    total_duration: 0,
    load_duration: 0,
    prompt_eval_count: usage['prompt_tokens'] ?? 0,
  });
}
