import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

async function start(change: (config: ConfigInput) => ConfigInput = (config) => config): Promise<void> {
  gateway = await startGateway(change(twoModels(upstream.baseUrl)));
}

const withProvider = (name: string, provider: ConfigInput['providers'][string]) => (config: ConfigInput) => ({
  ...config,
  providers: { ...config.providers, [name]: provider },
});

const ask = (model: string, headers = {}) => gateway.chat(asking('Hi', { model }), headers);

const outcomeOf = async (response: Response) => (await gateway.entryOf(response))?.outcome;

describe('a model that only its caller names', () => {
  it.each(['one/made-up', 'one:made-up', 'ONE,made-up', 'ns::one/made-up'])(
    '%s is refused when nobody knows its price, with what to do, and is not called',
    async (name) => {
      await start();
      const response = await ask(name);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        error: {
          code: 'price_unknown',
          param: 'model',
          message: expect.stringMatching(/add it to models .* providers\.one\.allowUnpriced: true/),
        },
      });
      expect(upstream.requests).toHaveLength(0);
    },
  );

  it('is called where the provider allows it, and counts as unpriced', async () => {
    await start(withProvider('one', { kind: 'openai', baseUrl: upstream.baseUrl, apiKey: 'k', allowUnpriced: true }));
    const response = await ask('one/Made-Up');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-cost-usd')).toBeNull();
    expect(JSON.parse(upstream.requests[0]?.body ?? '')).toMatchObject({ model: 'Made-Up' });
    expect(await outcomeOf(response)).toMatchObject({ cost: null, model: 'one/made-up' });
    const [sums] = await gateway.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 });
    expect(sums).toMatchObject({ requests: 1, unpriced: 1, costUsd: 0 });
  });

  it('is called when its price is published, at that price', async () => {
    await start(withProvider('router', { kind: 'openrouter', baseUrl: upstream.baseUrl, apiKey: 'k' }));
    const response = await ask('router/some/model:free');
    expect(response.status).toBe(200);
    expect(await outcomeOf(response)).toMatchObject({ cost: 0n });
  });

  it('is free at an Ollama of one’s own', async () => {
    await start(withProvider('local', { kind: 'ollama', baseUrl: upstream.baseUrl.replace(/\/v1$/, '') }));
    upstream.behave(json('{"model":"qwen3:32b","message":{"role":"assistant","content":"Hi"},"done":true}'));
    const response = await ask('local/qwen3:32b');
    expect(response.status).toBe(200);
    expect(await outcomeOf(response)).toMatchObject({ cost: 0n });
  });

  it('obeys the role', async () => {
    await start((config) => ({ ...config, roles: { engineer: { models: ['big'] } } }));
    const response = await ask('one/made-up', { 'x-signalbox-role': 'engineer' });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: 'forbidden' } });
  });

  it('may be asked about under the same rule', async () => {
    await start();
    const response = await gateway.post('/router/v1/route', asking('Hi', { model: 'one/made-up' }));
    expect(response.status).toBe(403);
  });
});

describe('a configured model', () => {
  it('is called without a price: whoever configured it knows', async () => {
    await start((config) => ({
      ...config,
      models: [...config.models, { id: 'odd', provider: 'one', model: 'odd-model' }],
    }));
    for (const name of ['odd', 'one/odd-model']) {
      const response = await ask(name);
      expect(response.status).toBe(200);
      expect(await outcomeOf(response)).toMatchObject({ cost: null });
    }
  });
});
