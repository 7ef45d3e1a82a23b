import { SignalboxError } from '../errors.ts';
import { isObject, list, text } from '../protocol/guards.ts';
import { parseJson } from '../protocol/json.ts';
import type { Caller } from './inference.ts';
import type { Reply } from './reply.ts';
import { wholeBody } from '../flow/body.ts';

/** Ollama's two ways to ask for embeddings: the older takes one `prompt` and gives one vector. */
export const OLLAMA_EMBED: ReadonlySet<string> = new Set(['/api/embed', '/api/embeddings']);

/** A caller of Ollama's as one of OpenAI's embeddings: what its body says beside model and input is told nowhere. */
export function embedCaller(caller: Caller): Caller {
  return {
    signal: caller.signal,
    async read(limit) {
      const body = parseJson(await caller.read(limit));
      if (!isObject(body)) throw new SignalboxError('invalid_request', 'body: expected a JSON object');
      const { model, input, prompt, dimensions } = body;
      return Buffer.from(JSON.stringify({ model, input: input ?? prompt, dimensions }));
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

/** The reply as Ollama writes it, an error included. */
export function embedReply(reply: Reply, path: string): Reply {
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
