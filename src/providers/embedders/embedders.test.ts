import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hangs, json, startMockProvider, type MockProvider } from '../../../test/mock-provider/mock-provider.ts';
import { configFromObject } from '../../config/load.ts';
import type { ConfigInput, EmbedderConfig } from '../../config/schema.ts';
import type { Embedder } from '../../query/embedder.ts';
import { createTransport, type Transport } from '../transport.ts';
import { UpstreamFailure } from '../provider.ts';
import { batched } from './batched.ts';
import { createEmbedder, embedderChecks } from './registry.ts';

let host: MockProvider;
let transport: Transport;

beforeEach(async () => {
  host = await startMockProvider();
  transport = createTransport();
});

afterEach(async () => {
  await transport.close();
  await host.close();
});

const never = new AbortController().signal;

function make(settings: Partial<EmbedderConfig>, providers: ConfigInput['providers'] = {}): Embedder {
  const { config } = configFromObject(
    {
      providers: { p: { kind: 'openai', baseUrl: host.baseUrl, apiKey: 'the-own-key' }, ...providers },
      models: [{ id: 'm', provider: 'p' }],
      routing: { embedder: { kind: 'openai', model: 'text-embed', deadline: '1s', ...settings } },
    },
    { env: {}, checks: [embedderChecks] },
  );
  const { embedder: made } = config.routing;
  const embedder = made === undefined ? undefined : createEmbedder(made, config.providers, transport);
  if (embedder === undefined) throw new Error('no embedder');
  return embedder;
}

const openai = (...rows: unknown[]) =>
  json(JSON.stringify({ data: rows.map((embedding, index) => ({ index, embedding })) }));

describe('an /embeddings endpoint', () => {
  it('is asked as OpenAI’s is, and its vectors come back with length one', async () => {
    host.behave(openai([3, 4]));
    const embedder = make({ provider: 'p', dimensions: 2 });
    expect(await embedder.embed(['Hello'], never)).toEqual([Float32Array.of(0.6, 0.8)]);
    const [seen] = host.requests;
    expect(seen?.path).toBe('/v1/embeddings');
    expect(seen?.headers).toMatchObject({ authorization: 'Bearer the-own-key', 'content-type': 'application/json' });
    expect(JSON.parse(seen?.body ?? '')).toEqual({
      model: 'text-embed',
      input: ['Hello'],
      encoding_format: 'float',
      dimensions: 2,
    });
  });

  it('may answer out of order, and its first vector tells the dimension when nobody else did', async () => {
    host.behave(
      json(
        JSON.stringify({
          data: [
            { index: 1, embedding: [0, 2, 0] },
            { index: 0, embedding: [5, 0, 0] },
          ],
        }),
      ),
    );
    const embedder = make({ baseUrl: host.baseUrl });
    expect(embedder.dim).toBeUndefined();
    expect(await embedder.embed(['a', 'b'], never)).toEqual([Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0)]);
    expect(embedder.dim).toBe(3);
    expect(host.requests[0]?.headers.authorization).toBeUndefined();
    host.behave(openai([1, 0]));
    await expect(embedder.embed(['c'], never)).rejects.toThrow('2 dimensions instead of 3');
  });

  it.each([
    ['another dimension', openai([1, 2, 3]), /3 dimensions instead of 2/],
    ['null for NaN', openai([1, null]), /not of finite numbers/],
    ['texts for numbers', openai([1, '2']), /not of finite numbers/],
    ['1e999', json('{"data":[{"index":0,"embedding":[1e999,1]}]}'), /not of finite numbers/],
    ['zeros', openai([0, 0]), /zero/],
    ['too few vectors', openai(), /0 vectors to 1 texts/],
    ['too many vectors', openai([1, 2], [1, 2]), /2 vectors to 1 texts/],
    ['no JSON', json('<html>'), /not JSON/],
    ['another shape', json('[1,2]'), /0 vectors/],
    ['500', json('{"error":{"message":"boom"}}', 500), /status 500: boom/],
    ['401', json('{"error":{"message":"bad key sk-123"}}', 401), /^status 401$/],
    ['its key', json('{"error":{"message":"not with the-own-key"}}', 400), /^status 400: not with \[key\]$/],
  ])('that answers with %s is a failure', async (_what, behaviour, message) => {
    host.behave(behaviour);
    await expect(make({ provider: 'p', dimensions: 2 }).embed(['x'], never)).rejects.toThrow(message);
  });

  it('is found beside the chat of its provider', async () => {
    host.behave(openai([1, 0]));
    const azure = { kind: 'azure', baseUrl: host.baseUrl, apiKey: 'k', apiVersion: '2024-10-21' };
    await make({ provider: 'a', model: 'my deployment' }, { a: azure }).embed(['x'], never);
    expect(host.requests[0]?.path).toBe('/v1/openai/deployments/my%20deployment/embeddings?api-version=2024-10-21');
    expect(host.requests[0]?.headers).toMatchObject({ 'api-key': 'k' });
  });

  it('is left when the signal aborts', async () => {
    host.behave(hangs);
    const embedder = make({ provider: 'p' });
    await expect(embedder.embed(['x'], AbortSignal.timeout(20))).rejects.toMatchObject({ failure: 'silent' });
    await host.requests[0]?.closed;
  });
});

describe('Ollama', () => {
  it('is asked at /api/embed', async () => {
    host.behave(json('{"embeddings":[[0,1],[1,0]]}'));
    const embedder = make({ kind: 'ollama', baseUrl: host.baseUrl.replace('/v1', ''), model: 'nomic-embed-text' });
    expect(await embedder.embed(['a', 'b'], never)).toEqual([Float32Array.of(0, 1), Float32Array.of(1, 0)]);
    expect(host.requests[0]?.path).toBe('/api/embed');
    expect(JSON.parse(host.requests[0]?.body ?? '')).toEqual({
      model: 'nomic-embed-text',
      input: ['a', 'b'],
      truncate: true,
    });
  });
});

describe('batches', () => {
  it('hold what is asked for at the same time, at most so many texts', async () => {
    const calls: number[] = [];
    const embedder = batched(
      {
        name: 'test',
        dim: 1,
        async embed(texts) {
          calls.push(texts.length);
          return texts.map((text) => Float32Array.of(Number(text)));
        },
      },
      { window: 1, max: 4 },
    );
    const vectors = await Promise.all(
      Array.from({ length: 10 }, async (_, i) => (await embedder.embed([String(i)], never))[0]?.[0]),
    );
    expect(vectors).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(calls).toEqual([4, 4, 2]);
  });

  it('with one text that is refused fail for that text alone; with a dead host for all', async () => {
    let failure: 'context' | 'sick' = 'context';
    const embedder = batched(
      {
        name: 'test',
        dim: 1,
        async embed(texts) {
          if (texts.includes('long')) throw new UpstreamFailure(failure, 'refused');
          return texts.map(() => Float32Array.of(1));
        },
      },
      { window: 1, max: 64 },
    );
    const ask = async () =>
      (await Promise.allSettled(['a', 'long', 'b'].map((text) => embedder.embed([text], never)))).map((r) => r.status);
    expect(await ask()).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    failure = 'sick';
    expect(await ask()).toEqual(['rejected', 'rejected', 'rejected']);
  });
});

describe('the setting', () => {
  const problems = (embedder: unknown, providers: object = {}) => {
    try {
      configFromObject(
        {
          providers: { p: { kind: 'openai' }, ...providers },
          models: [{ id: 'm', provider: 'p' }],
          routing: { embedder },
        },
        { env: {}, checks: [embedderChecks] },
      );
      return '';
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
  };

  it.each([
    [{ kind: 'hashed' }, ''],
    [{ kind: 'openai' }, /routing\.embedder\.model: needs model/],
    [{ kind: 'word2vec', model: 'm' }, /routing\.embedder\.kind/],
    [{ kind: 'openai', model: 'm', provider: 'q' }, /routing\.embedder\.provider: there is no provider "q"/],
    [{ kind: 'openai', model: 'm', provider: 'p', baseUrl: 'http://x' }, /takes address and key from provider/],
    [{ kind: 'ollama', model: 'm', provider: 'p' }, /provider "p" of kind openai has no ollama embeddings/],
    [{ kind: 'openai', model: 'm', provider: 's' }, /provider "s" of kind simulated has no openai embeddings/],
    [{ kind: 'transformers', model: 'm', provider: 'p' }, /leave out provider/],
  ])('%o is checked', (embedder, message) => {
    const found = problems(embedder, { s: { kind: 'simulated' } });
    if (typeof message === 'string') expect(found).toBe(message);
    else expect(found).toMatch(message);
  });
});
