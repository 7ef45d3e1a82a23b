import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Embedder } from '../../query/embedder.ts';
import { UpstreamFailure } from '../provider.ts';
import { createDimension } from './vectors.ts';

/** What is used of `@huggingface/transformers`, an optional peer. */
export interface TransformersModule {
  readonly env: { allowRemoteModels: boolean; allowLocalModels: boolean; localModelPath: string };
  pipeline(task: 'feature-extraction', model: string, options: { readonly dtype: 'fp32' | 'q8' }): Promise<Extractor>;
}

type Extractor = (
  texts: string[],
  options: { readonly pooling: 'mean'; readonly normalize: boolean },
) => Promise<{ readonly data: ArrayLike<unknown>; readonly dims: readonly number[] }>;

/** A variable, so that the peer is needed neither to build nor to start. */
const PEER = '@huggingface/transformers';

async function importPeer(): Promise<TransformersModule> {
  try {
    return (await import(PEER)) as TransformersModule;
  } catch (cause) {
    throw new UpstreamFailure('misconfigured', `kind transformers needs the package: npm install ${PEER}`, { cause });
  }
}

/** The precision whose file is there; full precision is preferred. */
function dtypeOf(folder: string): 'fp32' | 'q8' {
  const there = (name: string) => existsSync(join(folder, 'onnx', name));
  return !there('model.onnx') && there('model_quantized.onnx') ? 'q8' : 'fp32';
}

/**
 * A model in ONNX files on this machine, by transformers.js. `model` is the folder that holds `config.json`, the
 * tokenizer and `onnx/`; nothing is ever downloaded. Token vectors are averaged (mean pooling).
 */
export function createTransformersEmbedder(
  { model, dimensions }: { readonly model: string; readonly dimensions?: number | undefined },
  load: () => Promise<TransformersModule> = importPeer,
): Embedder {
  const dimension = createDimension(dimensions);
  const folder = resolve(model);
  const open = async (): Promise<Extractor> => {
    const { env, pipeline } = await load();
    env.allowRemoteModels = false;
    env.allowLocalModels = true;
    env.localModelPath = dirname(folder);
    return pipeline('feature-extraction', basename(folder), { dtype: dtypeOf(folder) });
  };
  let opened: Promise<Extractor> | undefined;
  const extractor = async (): Promise<Extractor> => {
    opened ??= open();
    try {
      return await opened;
    } catch (error) {
      // Next time it may be there.
      opened = undefined;
      throw error;
    }
  };
  return {
    name: `transformers/${basename(folder)}`,
    get dim() {
      return dimension.value;
    },
    async embed(texts, signal) {
      const extract = await extractor();
      signal.throwIfAborted();
      const { data, dims } = await extract([...texts], { pooling: 'mean', normalize: true });
      const length = dims.at(-1) ?? 0;
      const numbers = Array.from(data);
      const rows = Array.from({ length: dims[0] ?? 0 }, (_, i) => numbers.slice(i * length, (i + 1) * length));
      return dimension.check(rows, texts.length);
    },
  };
}
