import type { Dialect } from '../protocol/chat.ts';
import type { Ingress } from './ingress.ts';

/** Paths of the inference routes, and the dialect that is spoken there. */
export const INFERENCE: ReadonlyMap<string, Dialect> = new Map([
  ['/v1/chat/completions', 'openai-chat'],
  ['/chat/completions', 'openai-chat'],
  ['/api/v1/chat/completions', 'openai-chat'],
  ['/v1/embeddings', 'openai-embeddings'],
]);

/** The dialect of an inference request; undefined for every other request. */
export function dialectOf({ method, path }: Ingress): Dialect | undefined {
  return method === 'POST' ? INFERENCE.get(path) : undefined;
}

/** The dialect whose envelope an error on a path has. */
export function dialectOfPath(path: string): Dialect {
  return INFERENCE.get(path) ?? 'openai-chat';
}
