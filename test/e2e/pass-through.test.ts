import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  answers,
  json,
  resets,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let one: MockProvider;
let two: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  one = await startMockProvider(json('{"from":"one"}'));
  two = await startMockProvider(json('{"from":"two"}'));
  gateway = await startGateway(twoModels(one.baseUrl, two.baseUrl));
});

afterEach(async () => {
  await gateway.close();
  await one.close();
  await two.close();
});

const outcomeOf = (id: string) => gateway.engine.runtime.recent.request(id)?.outcome;

describe('a route that nothing here reads', () => {
  it('goes to the provider of its model with the model’s name there, unpriced on the ledger', async () => {
    const response = await gateway.post(
      '/v1/moderations',
      { model: 'big', input: 'Hi' },
      { authorization: 'Bearer mine' },
    );
    expect(await response.json()).toEqual({ from: 'two' });
    expect(two.requests[0]).toMatchObject({ path: '/v1/moderations', body: '{"model":"up-big","input":"Hi"}' });
    expect(two.requests[0]?.headers.authorization).toBe('Bearer provider-key-2');
    const id = response.headers.get('x-signalbox-request-id') ?? '';
    expect(outcomeOf(id)).toMatchObject({ status: 'ok', model: 'big', provider: 'two', cost: null });
  });

  it('keeps a form as it is, and reads the model in it', async () => {
    const form = new FormData();
    form.set('model', 'small');
    form.set('file', new Blob(['\u0000\u0001sound']), 'a.wav');
    const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, { method: 'POST', body: form });
    expect(await response.json()).toEqual({ from: 'one' });
    expect(one.requests[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(one.requests[0]?.body).toContain('sound');
  });

  it('goes to the named provider where there is no model, with its query and method', async () => {
    const named = { 'x-signalbox-provider': 'two' };
    expect(await (await gateway.get('/v1/files?limit=2', named)).json()).toEqual({ from: 'two' });
    expect(two.requests[0]?.path).toBe('/v1/files?limit=2');
    await fetch(`${gateway.url}/v1/files/f1`, { method: 'DELETE', headers: named });
    expect(two.requests[1]?.path).toBe('/v1/files/f1');
  });

  it('says what is missing', async () => {
    const nobody = await gateway.get('/v1/files');
    expect(nobody.status).toBe(400);
    expect(await nobody.text()).toContain('x-signalbox-provider: one or two');
    const unknown = await gateway.get('/v1/files', { 'x-signalbox-provider': 'three' });
    expect(await unknown.text()).toContain('there are one, two');
    expect((await gateway.post('/v1/completions', { model: 'auto', prompt: 'Hi' })).status).toBe(400);
    expect((await gateway.post('/v1/completions', '{"model":')).status).toBe(400);
  });

  it('passes an error on as it is, and is settled when there is no answer', async () => {
    one.behave(json('{"error":{"message":"no such file"}}', 404));
    const missing = await gateway.get('/v1/files/f2', { 'x-signalbox-provider': 'one' });
    expect([missing.status, await missing.text()]).toEqual([404, '{"error":{"message":"no such file"}}']);
    one.behave(json('{"error":{"message":"Incorrect API key provided: provi*****ey-1"}}', 401));
    const refused = await gateway.get('/v1/files/f2', { 'x-signalbox-provider': 'one' });
    expect(refused.status).toBe(502);
    expect(await refused.text()).not.toContain('ey-1');
    one.behave(resets);
    const gone = await gateway.get('/v1/files/f3', { 'x-signalbox-provider': 'one' });
    expect(gone.status).toBe(502);
    expect(outcomeOf(gone.headers.get('x-signalbox-request-id') ?? '')).toMatchObject({
      status: 'failed',
      attempts: [{ failure: 'sick' }],
    });
  });

  it('that the provider cuts is a failure of the provider', async () => {
    one.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"half":', () => response.destroy());
    });
    const response = await gateway.get('/v1/files/f4', { 'x-signalbox-provider': 'one' });
    await expect(response.text()).rejects.toThrow('terminated');
    const outcome = outcomeOf(response.headers.get('x-signalbox-request-id') ?? '');
    expect(outcome).toMatchObject({ status: 'failed', attempts: [{ failure: 'sick' }] });
  });
});

describe('the address of a route that nothing here reads', () => {
  const price = { input: 1, output: 2 };
  const start = async (provider: (root: string) => object) => {
    await gateway.close();
    const root = one.baseUrl.replace(/\/v1$/, '');
    gateway = await startGateway({
      providers: { p: { kind: 'openai', apiKey: 'provider-key', ...provider(root) } },
      models: [{ id: 'm', provider: 'p', model: 'up/m', price }],
    });
  };
  const paths = async () => {
    await gateway.post('/v1/completions', { model: 'm', prompt: 'Hi' });
    await gateway.get('/v1/files?limit=2');
    return one.requests.map(({ path }) => path);
  };

  it.each([
    ['openai', (root: string) => ({ baseUrl: `${root}/v1` }), ['/v1/completions', '/v1/files?limit=2']],
    [
      'openai behind a proxy',
      (root: string) => ({ baseUrl: `${root}/llm` }),
      ['/llm/completions', '/llm/files?limit=2'],
    ],
    ['ollama', (root: string) => ({ kind: 'ollama', baseUrl: root }), ['/v1/completions', '/v1/files?limit=2']],
    [
      'ollama with a version',
      (root: string) => ({ kind: 'ollama', baseUrl: `${root}/v1/` }),
      ['/v1/completions', '/v1/files?limit=2'],
    ],
    [
      'azure',
      (root: string) => ({ kind: 'azure', baseUrl: root, apiVersion: 'v9' }),
      ['/openai/deployments/up%2Fm/completions?api-version=v9', '/openai/files?limit=2&api-version=v9'],
    ],
  ])('is %s’s own', async (_name, provider, expected) => {
    await start(provider);
    expect(await paths()).toEqual(expected);
  });

  it('is none where nobody takes such requests, and the error names who is configured', async () => {
    await start(() => ({ kind: 'simulated', apiKey: undefined, models: { 'up/m': { skill: { default: 1 } } } }));
    for (const response of [
      await gateway.get('/v1/files'),
      await gateway.get('/v1/files', { 'x-signalbox-provider': 'p' }),
      await gateway.post('/v1/completions', { model: 'm', prompt: 'Hi' }),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.text()).toMatch(/none of the configured ones takes such requests \(p\)/);
    }
  });

  it('is the one of the model’s upstreams that takes it', async () => {
    await gateway.close();
    gateway = await startGateway({
      providers: {
        sim: { kind: 'simulated', models: { s: { skill: { default: 1 } } } },
        real: { kind: 'openai', baseUrl: one.baseUrl, apiKey: 'provider-key' },
      },
      models: [
        {
          id: 'm',
          upstreams: [
            { provider: 'sim', model: 's' },
            { provider: 'real', model: 'r' },
          ],
        },
      ],
    });
    expect((await gateway.post('/v1/completions', { model: 'm', prompt: 'Hi' })).status).toBe(200);
    expect(one.requests[0]?.body).toContain('"model":"r"');
  });
});

describe('a pool of keys, where nothing is read', () => {
  const refusing =
    (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
    (request, response) =>
      request.headers.authorization === 'Bearer provider-key-1'
        ? json('{"error":{"message":"not this key"}}', status, headers)(request, response)
        : json('{"from":"one"}')(request, response);
  const keys = () => one.requests.map(({ headers }) => headers.authorization?.at(-1)).join('');

  beforeEach(async () => {
    await gateway.close();
    const pool = { kind: 'openai', baseUrl: one.baseUrl, apiKey: ['provider-key-1', 'provider-key-2'] };
    gateway = await startGateway({
      providers: { one: pool },
      models: [{ id: 'm', provider: 'one', model: 'up-m', price: { input: 1, output: 2 } }],
      retries: { max: 0 },
    });
  });

  it.each([
    ['refused', refusing(401)],
    ['limited', refusing(429, { 'retry-after': '60' })],
  ])('goes on with the next key where one is %s, and leaves that one alone', async (_name, behaviour) => {
    one.behave(behaviour);
    for (let n = 0; n < 2; n++) {
      const response = await gateway.post('/v1/completions', { model: 'm', prompt: 'Hi' });
      expect(await response.json()).toEqual({ from: 'one' });
    }
    expect(keys()).toBe('122');
  });

  it('takes no key that a chat found refused', async () => {
    one.behave((request, response) =>
      request.headers.authorization === 'Bearer provider-key-1'
        ? refusing(401)(request, response)
        : answers(request, response),
    );
    await gateway.chat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] });
    one.behave(refusing(401));
    await gateway.get('/v1/files');
    expect(keys()).toBe('122');
  });

  it('tells the refusal of the last one', async () => {
    one.behave(json('{"error":{"message":"slow down"}}', 429, { 'retry-after': '7' }));
    const response = await gateway.post('/v1/completions', { model: 'm', prompt: 'Hi' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7']);
    expect(await response.text()).toBe('{"error":{"message":"slow down"}}');
    expect(outcomeOf(response.headers.get('x-signalbox-request-id') ?? '')).toMatchObject({
      status: 'failed',
      cost: 0n,
      attempts: [{ failure: 'busy' }, { failure: 'busy' }],
    });
  });
});
