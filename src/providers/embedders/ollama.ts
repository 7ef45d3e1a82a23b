import { isObject, list } from '../../protocol/guards.ts';
import type { Embedder } from '../../query/embedder.ts';
import { postJson, type Endpoint } from './http.ts';
import { createDimension } from './vectors.ts';

/** Ollama's `/api/embed`. Texts beyond the model's window are cut by Ollama. */
export function createOllamaEmbedder(
  { model, dimensions }: { readonly model: string; readonly dimensions?: number | undefined },
  endpoint: Endpoint,
): Embedder {
  const dimension = createDimension(dimensions);
  return {
    name: `ollama/${model}`,
    get dim() {
      return dimension.value;
    },
    async embed(texts, signal) {
      const body = { model, input: texts, truncate: true, ...(dimensions === undefined ? {} : { dimensions }) };
      const answer = await postJson(endpoint, body, signal);
      const rows = list(isObject(answer) ? answer['embeddings'] : undefined).map((row) => list(row));
      return dimension.check(rows, texts.length);
    },
  };
}
