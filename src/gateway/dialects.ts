import type { Dialect } from '../protocol/chat.ts';
import type { Ingress } from './ingress.ts';

/** Paths of the inference routes, and the dialect that is spoken there. */
export const INFERENCE: ReadonlyMap<string, Dialect> = new Map([
  ['/v1/chat/completions', 'openai-chat'],
  ['/chat/completions', 'openai-chat'],
  ['/api/v1/chat/completions', 'openai-chat'],
  ['/v1/responses', 'openai-responses'],
  ['/v1/embeddings', 'openai-embeddings'],
  ['/v1/messages', 'anthropic'],
  ['/api/chat', 'ollama'],
  // Some clients put Ollama's path after an OpenAI base URL.
  ['/v1/api/chat', 'ollama'],
  ['/api/generate', 'ollama-generate'],
  ['/api/embed', 'openai-embeddings'],
  ['/api/embeddings', 'openai-embeddings'],
]);

/** The dialect of an inference request; undefined for every other request. */
export function dialectOf({ method, path }: Ingress): Dialect | undefined {
  return method === 'POST' ? INFERENCE.get(path) : undefined;
}

/** Paths that belong to a dialect and are not inference: their errors have its envelope. */
const FAMILIES: readonly (readonly [string, Dialect])[] = [
  ['/v1/messages/', 'anthropic'],
  ['/api/v1/', 'openai-chat'],
  ['/api/', 'ollama'],
  ['/v1/api/', 'ollama'],
];

/** The dialect whose envelope an error on a path has. */
export function dialectOfPath(path: string): Dialect {
  return INFERENCE.get(path) ?? FAMILIES.find(([start]) => path.startsWith(start))?.[1] ?? 'openai-chat';
}
