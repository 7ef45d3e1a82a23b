import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeTinyEmbedder } from '../../scripts/tiny-embedder.ts';
import { checkedConfig } from '../../src/checked.ts';
import { routeWithVector } from '../../src/flow/embed.ts';
import type { Snapshot } from '../../src/flow/snapshot.ts';
import { serveGateway } from '../../src/gateway/serve.ts';
import type { createThreadedTransformers } from '../../src/providers/embedders/transformers-thread.ts';
import type { Router } from '../../src/routers/router.ts';
import { openEngine, type Engine } from '../../src/signalbox.ts';
import { json, hangs, startMockProvider, type Behaviour, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, temporaryFolder, twoModels } from '../support/gateway.ts';

/** Knows that `big` is better when the vector points up; without a vector it knows nothing. */
const neural: Router = {
  name: 'neural',
  needs: ['embedding'],
  predict: ({ embedding }, models) =>
    models.map(({ id }) => ({
      quality: embedding === undefined ? 0.5 : id === 'big' ? Math.abs(embedding[1] ?? 0) : 0.1,
      stderr: 0.01,
    })),
  explain: ({ embedding }) => [embedding === undefined ? 'no vector' : `points to ${embedding.join(', ')}`],
};

const vector = (...embedding: unknown[]): Behaviour => json(JSON.stringify({ data: [{ index: 0, embedding }] }));

let upstream: MockProvider;
let embeddings: MockProvider;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let engine: Engine;
let close: () => Promise<void> = async () => {};
let url = '';

/** A gateway whose router learnt from vectors; `deadline` is its embedder's. */
async function start(deadline: string, router: Router = neural): Promise<void> {
  const config = twoModels(upstream.baseUrl);
  const storage = { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/journal` };
  const embedder = { kind: 'openai' as const, baseUrl: embeddings.baseUrl, model: 'e', dimensions: 2, deadline };
  const inner = await openEngine(
    await checkedConfig(
      { ...config, storage, server: { port: 0 }, routing: { ...config.routing, strategy: 'quality-first', embedder } },
      {},
    ),
  );
  engine = {
    ...inner,
    snapshot: (): Snapshot => ({ ...inner.snapshot(), routers: new Map([['learned', router]]) }),
  };
  const gateway = await serveGateway({ engine });
  url = gateway.url;
  close = async () => {
    await gateway.close();
    await inner.close();
  };
}

const chat = (text: string, rest: object = {}) =>
  fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-signalbox-explain': 'true' },
    body: JSON.stringify(asking(text, rest)),
  });

const warningsOf = async (response: Response) => {
  const body = (await response.json()) as { routing: { decision: { warnings?: string[]; chosen: string } } };
  return {
    header: response.headers.get('x-signalbox-warnings'),
    record: body.routing.decision.warnings,
    chosen: body.routing.decision.chosen,
  };
};

beforeEach(async () => {
  upstream = await startMockProvider();
  embeddings = await startMockProvider(vector(0, 7));
  folder = await temporaryFolder();
});

afterEach(async () => {
  await close();
  await upstream.close();
  await embeddings.close();
  await folder.remove();
});

describe('a router that needs vectors', () => {
  it('gets the one of the instruction, once per text', async () => {
    await start('10s');
    const fine = { header: null, record: undefined, chosen: 'big' };
    expect(await warningsOf(await chat('Hello'))).toEqual(fine);
    expect(await warningsOf(await chat('Hello'))).toEqual(fine);
    expect(embeddings.requests).toHaveLength(1);
    expect(JSON.parse(embeddings.requests[0]?.body ?? '')).toMatchObject({ input: ['Hello'] });
  });

  it.each([
    ['answers with an error', json('{}', 500), 'embedder-failed', '10s'],
    ['answers with another dimension', vector(1, 2, 3), 'embedder-failed', '10s'],
    ['answers with what is no number', vector(null, 1), 'embedder-failed', '10s'],
    ['does not answer', hangs, 'embedder-timeout', '20ms'],
  ])('does without when the embedder %s, and the decision says so', async (_what, behaviour, warning, deadline) => {
    embeddings.behave(behaviour);
    await start(deadline);
    expect(await warningsOf(await chat('Hello'))).toEqual({ header: warning, record: [warning], chosen: 'small' });
    const cooling = 'embedder-cooling';
    expect(await warningsOf(await chat('Another'))).toEqual({ header: cooling, record: [cooling], chosen: 'small' });
    expect(embeddings.requests).toHaveLength(1);
    expect(await engine.runtime.metrics.text()).toContain(`signalbox_embedder_missed_total{why="${warning}"} 1`);
  });

  it('is explained with its vector', async () => {
    await start('10s');
    const response = await fetch(`${url}/router/v1/route`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asking('Hello')),
    });
    expect(await response.json()).toMatchObject({ model: 'big', explain: ['points to 0, 1'] });
  });
});

describe('a request that no vector can change', () => {
  const decide = (wishes: { model: string; strategy?: string }) =>
    routeWithVector(
      { dialect: 'openai-chat', parsed: asking('Hello'), wishes },
      engine.snapshot(),
      engine.runtime,
      engine.runtime.newId(),
    );

  it('is decided at once: another router, a named model, a strategy that does not look at quality', async () => {
    await start('10s', { ...neural, needs: [] });
    expect(decide({ model: 'auto' })).not.toBeInstanceOf(Promise);
    await close();
    await start('10s');
    expect(decide({ model: 'small' })).not.toBeInstanceOf(Promise);
    expect(decide({ model: 'auto', strategy: 'cheapest' })).not.toBeInstanceOf(Promise);
    expect(embeddings.requests).toHaveLength(0);
    const waiting = decide({ model: 'auto' });
    expect(waiting).toBeInstanceOf(Promise);
    await waiting;
    expect(decide({ model: 'auto' })).not.toBeInstanceOf(Promise);
  });
});

/** Threads need compiled files. */
interface Thread {
  readonly createThreadedTransformers: typeof createThreadedTransformers;
}
const THREAD = new URL('../../dist/providers/embedders/transformers-thread.js', import.meta.url);

describe.skipIf(!existsSync(THREAD))('ONNX files in a thread of their own (needs a build)', () => {
  it('give vectors, or say which package is missing', async () => {
    const thread = (await import(THREAD.href)) as Thread;
    const model = `${folder.path}/tiny`;
    await writeTinyEmbedder(model);
    const embedder = thread.createThreadedTransformers({ model });
    const found = await embedder.embed(['a'], new AbortController().signal).then(
      ([vector]) => `${vector?.length} dimensions`,
      (error: unknown) => String(error),
    );
    await embedder.close?.();
    expect(found).toMatch(/^8 dimensions$|npm install @huggingface\/transformers/);
  });
});

describe('a new configuration', () => {
  it('keeps the vectors of an embedder that did not change', async () => {
    await start('10s');
    await chat('Hello');
    const { embedder } = engine.snapshot().config.routing;
    const config = { ...twoModels(upstream.baseUrl), routing: { ...twoModels(upstream.baseUrl).routing } };
    await engine.replace(
      await checkedConfig(
        { ...config, routing: { ...config.routing, embedder: { ...embedder, deadline: '10s' } } },
        {},
      ),
    );
    await chat('Hello');
    expect(embeddings.requests).toHaveLength(1);
  });
});
