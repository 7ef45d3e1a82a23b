import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TINY_VOCABULARY, tinyWeights, writeTinyEmbedder } from '../../../scripts/tiny-embedder.ts';
import { createTransformersEmbedder, type TransformersModule } from './transformers.ts';

const never = new AbortController().signal;

/** The optional peer: installed, or a copy elsewhere whose folder SIGNALBOX_TRANSFORMERS names. */
async function findPeer(): Promise<TransformersModule | undefined> {
  const elsewhere = process.env['SIGNALBOX_TRANSFORMERS'];
  const name =
    elsewhere === undefined
      ? '@huggingface/transformers'
      : pathToFileURL(join(elsewhere, 'dist', 'transformers.node.mjs')).href;
  try {
    return (await import(name)) as TransformersModule;
  } catch {
    return undefined;
  }
}

const peer = await findPeer();

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tiny-embedder-'));
  await writeTinyEmbedder(folder);
});

afterAll(() => rm(folder, { recursive: true }));

/** What the tiny model gives for single letters, by hand: mean over tokens of tanh(E·W), then length one. */
function byHand(letters: readonly string[]): number[] {
  const { dim, table, layer } = tinyWeights();
  const tokens = ['[CLS]', ...letters, '[SEP]'].map((token) => TINY_VOCABULARY.get(token) ?? 1);
  const mean = Array.from({ length: dim }, (_, column) => {
    const sum = tokens.reduce((total, token) => {
      let product = 0;
      for (let k = 0; k < dim; k++) product += (table[token * dim + k] ?? 0) * (layer[k * dim + column] ?? 0);
      return total + Math.tanh(product);
    }, 0);
    return sum / tokens.length;
  });
  const length = Math.hypot(...mean);
  return mean.map((value) => value / length);
}

describe.skipIf(peer === undefined)('ONNX files on this machine (needs @huggingface/transformers)', () => {
  const load = async () => {
    if (peer === undefined) throw new Error('not installed');
    return peer;
  };

  it('give the vectors that the weights say, alone and beside longer texts', async () => {
    const embedder = createTransformersEmbedder({ model: folder, dimensions: 8 }, load);
    const [alone] = await embedder.embed(['A b'], never);
    const [beside, longer] = await embedder.embed(['A b', 'c d e f g'], never);
    for (const [i, value] of byHand(['a', 'b']).entries()) {
      expect(alone?.[i]).toBeCloseTo(value, 5);
      expect(beside?.[i]).toBeCloseTo(value, 5);
    }
    for (const [i, value] of byHand(['c', 'd', 'e', 'f', 'g']).entries()) expect(longer?.[i]).toBeCloseTo(value, 5);
    expect(embedder.name).toMatch(/^transformers\/tiny-embedder-/);
  });

  it('are never looked for on the network', async () => {
    const embedder = createTransformersEmbedder({ model: join(folder, 'nowhere') }, load);
    await expect(embedder.embed(['x'], never)).rejects.toThrow(/local/i);
    expect(peer?.env.allowRemoteModels).toBe(false);
  });
});

describe('the transformers embedder', () => {
  /** A module of the same shape that tells what it was asked. */
  function fake(answer: { data: ArrayLike<unknown>; dims: number[] }) {
    const asked: unknown[] = [];
    const module: TransformersModule = {
      env: { allowRemoteModels: true, allowLocalModels: false, localModelPath: '/' },
      async pipeline(...options) {
        asked.push(options);
        return async (...call) => {
          asked.push(call);
          return answer;
        };
      },
    };
    return { asked, module, load: async () => module };
  }

  it('opens the folder once, for local files only, and averages token vectors', async () => {
    const { asked, module, load } = fake({ data: Float32Array.of(3, 4, 0, 2), dims: [2, 2] });
    const embedder = createTransformersEmbedder({ model: '/models/mini' }, load);
    expect(await embedder.embed(['a', 'b'], never)).toEqual([Float32Array.of(0.6, 0.8), Float32Array.of(0, 1)]);
    await embedder.embed(['a', 'b'], never);
    expect(module.env).toEqual({ allowRemoteModels: false, allowLocalModels: true, localModelPath: '/models' });
    const call = [['a', 'b'], { pooling: 'mean', normalize: true }];
    expect(asked).toEqual([['feature-extraction', 'mini', { dtype: 'fp32' }], call, call]);
    expect(embedder.dim).toBe(2);
  });

  it('takes quantised weights where there are no others', async () => {
    const model = join(folder, 'quantised');
    await mkdir(join(model, 'onnx'), { recursive: true });
    await writeFile(join(model, 'onnx', 'model_quantized.onnx'), '');
    const { asked, load } = fake({ data: [1], dims: [1, 1] });
    await createTransformersEmbedder({ model }, load).embed(['a'], never);
    expect(asked[0]).toEqual(['feature-extraction', 'quantised', { dtype: 'q8' }]);
  });

  it('refuses vectors of another length or of no numbers', async () => {
    const embed = (data: unknown[], dims: number[]) =>
      createTransformersEmbedder({ model: '/m', dimensions: 2 }, fake({ data, dims }).load).embed(['a'], never);
    await expect(embed([1, 2, 3], [1, 3])).rejects.toThrow(/3 dimensions instead of 2/);
    await expect(embed([Number.NaN, 1], [1, 2])).rejects.toThrow(/not of finite numbers/);
    await expect(embed([], [0, 2])).rejects.toThrow(/0 vectors to 1 texts/);
  });

  it('tries to open again after a failure', async () => {
    const { load } = fake({ data: [1], dims: [1, 1] });
    let missing = true;
    const embedder = createTransformersEmbedder({ model: '/m' }, () =>
      missing ? Promise.reject(new Error('not there')) : load(),
    );
    await expect(embedder.embed(['a'], never)).rejects.toThrow('not there');
    missing = false;
    expect(await embedder.embed(['a'], never)).toEqual([Float32Array.of(1)]);
  });

  it.skipIf(peer !== undefined)('says what to install when the package is missing', async () => {
    const embedder = createTransformersEmbedder({ model: folder });
    await expect(embedder.embed(['a'], never)).rejects.toThrow(/npm install @huggingface\/transformers/);
  });
});
