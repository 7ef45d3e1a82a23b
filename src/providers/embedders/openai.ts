import { isObject, list } from '../../protocol/guards.ts';
import type { Embedder } from '../../query/embedder.ts';
import { postJson, type Endpoint } from './http.ts';
import { createDimension } from './vectors.ts';

/** The vectors of an answer in the order of the texts: `index` tells, where it is given. */
function rowsOf(answer: unknown): (readonly unknown[])[] {
  const data = list(isObject(answer) ? answer['data'] : undefined);
  const rows = data.map((item, i) => {
    const index = isObject(item) ? item['index'] : undefined;
    return {
      at: typeof index === 'number' ? index : i,
      row: list(isObject(item) ? item['embedding'] : undefined),
    };
  });
  return rows.sort((a, b) => a.at - b.at).map(({ row }) => row);
}

/** Any host with OpenAI's `/embeddings`. `dimensions` is asked for only when it is configured. */
export function createOpenAIEmbedder(
  { model, dimensions }: { readonly model: string; readonly dimensions?: number | undefined },
  endpoint: Endpoint,
): Embedder {
  const dimension = createDimension(dimensions);
  return {
    name: `openai/${model}`,
    get dim() {
      return dimension.value;
    },
    async embed(texts, signal) {
      const body = {
        model,
        input: texts,
        encoding_format: 'float',
        ...(dimensions === undefined ? {} : { dimensions }),
      };
      return dimension.check(rowsOf(await postJson(endpoint, body, signal)), texts.length);
    },
  };
}
