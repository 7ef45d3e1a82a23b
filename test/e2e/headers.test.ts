import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, resets, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), server: { port: 0, maxBody: '1KB' } });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const BEFORE = ['request-id', 'attempts', 'fallback', 'session', 'overhead-ms'];
const DECIDED = [...BEFORE, 'decision-id', 'model', 'provider', 'strategy', 'reason', 'confidence'];

function expectHeaders(response: Response, names: readonly string[]): void {
  for (const name of names) expect(response.headers.get(`x-signalbox-${name}`), name).toBeTruthy();
}

const large = JSON.stringify(asking('x'.repeat(5000)));
const chat = '/v1/chat/completions';

describe('x-signalbox-* headers', () => {
  it.each([
    ['a path that is not there', 404, () => gateway.get('/nowhere')],
    ['a model that is not there', 404, () => gateway.chat(asking('Hi', { model: 'nosuch' }))],
    ['a role that is not there', 404, () => gateway.chat(asking('Hi'), { 'x-signalbox-role': 'nobody' })],
    ['broken JSON', 400, () => gateway.chat('{"model":')],
    ['no messages', 400, () => gateway.chat({ model: 'auto' })],
    ['a model that is no name', 400, () => gateway.chat(asking('Hi', { model: 5 }))],
    ['a body that is too large', 413, () => gateway.chat(large)],
    ['one on a management route', 413, () => gateway.post('/router/v1/route', large)],
    ['a foreign page', 403, () => gateway.chat(asking('Hi'), { origin: 'https://evil.example' })],
    ['a decision that is not there', 404, () => gateway.get('/router/v1/decisions/none')],
  ])('tell what is known of %s (%i)', async (_name, status, ask) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expectHeaders(response, BEFORE);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String) } });
    expect(upstream.requests).toHaveLength(0);
  });

  it.each([
    ['refuses the request', json('{"error":{"message":"no"}}', 400), 400],
    ['refuses the key', json('{"error":{"message":"no"}}', 401), 502],
    ['breaks', resets, 502],
    ['limits', json('{"error":{"message":"slow"}}', 429, { 'retry-after': '7' }), 429],
  ])('tell the decision when the upstream %s', async (_name, behaviour, status) => {
    upstream.behave(behaviour);
    const response = await gateway.chat(asking('Hi', { model: 'small' }));
    expect(response.status).toBe(status);
    expectHeaders(response, DECIDED);
  });

  it('of a request that mean nothing are warned of, few and short', async () => {
    const asked = { 'x-signalbox-sesion': 's', [`x-signalbox-${'y'.repeat(200)}`]: '1' };
    const response = await gateway.chat(asking('Hi', { model: 'small' }), asked);
    expect(response.status).toBe(200);
    const warnings = response.headers.get('x-signalbox-warnings')?.split(',');
    expect(warnings?.sort()).toEqual([
      'unknown-header:x-signalbox-sesion',
      `unknown-header:x-signalbox-${'y'.repeat(40)}`,
    ]);
    const many = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`x-signalbox-unheard-of-${i}`, '1']));
    const told = (await gateway.chat(asking('Hi', { model: 'small' }), many)).headers.get('x-signalbox-warnings');
    expect(told?.split(',')).toHaveLength(6);
    expect(told).toMatch(/,unknown-headers:4$/);
    const plain = await gateway.chat(asking('Hi', { model: 'small' }), { 'x-signalbox-session': 's' });
    expect(plain.headers.get('x-signalbox-warnings')).toBeNull();
  });

  it.each([
    ['x-signalbox-promts', 'x-signalbox-prompts'],
    ['x-signalbox-rol', 'x-signalbox-role'],
    ['x-signalbox-tag', 'x-signalbox-tags'],
    ['x-signalbox-cahe', 'x-signalbox-cache'],
  ])('of a request are refused as %s', async (name, meant) => {
    const refused = [
      await gateway.chat(asking('Hi'), { [name]: 'none' }),
      await gateway.post('/v1/moderations', { model: 'small', input: 'Hi' }, { [name]: 'none' }),
    ];
    for (const response of refused) {
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { message: `there is no header ${name}; did you mean ${meant}?` },
      });
    }
    expect(upstream.requests).toHaveLength(0);
  });

  it('name every other answer too, so that it can be found in the log', async () => {
    for (const path of ['/v1/models', '/v1/models/small', '/health', '/version', '/router/v1/stats', '/ui']) {
      const response = await fetch(gateway.url + path, { redirect: 'manual' });
      expect(response.headers.get('x-signalbox-request-id'), path).toBeTruthy();
    }
  });

  it.each([false, true])('are ASCII whatever a model is called (stream: %s)', async (stream) => {
    await gateway.close();
    const { providers, models } = twoModels(upstream.baseUrl);
    const named = [...models, { id: 'grün-模型', provider: 'one', model: 'up-green', quality: 0.9 }];
    const strategy = { keepQuality: { of: 'grün-模型', at: 0.9 } };
    gateway = await startGateway({ providers, models: named, routing: { strategy, default: 'big' } });
    const response = await gateway.chat(asking('Hi', { stream }));
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-strategy')).toBe('keepQuality=0.9 of gr?n-??');
    await response.text();
    expect(gateway.engine.runtime.recent.inFlight).toBe(0);
  });

  it('tell clients not to try again by themselves when nobody is left', async () => {
    upstream.behave(json('{"error":{"message":"slow"}}', 429, { 'retry-after': '7' }));
    await gateway.chat(asking('Hi'));
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toMatch(/^[67]$/);
    expect(response.headers.get('x-should-retry')).toBe('false');
  });
});

describe('the caller’s own headers', () => {
  const sent = async (headers: Readonly<Record<string, string>>, stream = false) => {
    await (await gateway.chat(asking('Hi', { stream }), headers)).text();
    return upstream.requests.at(-1)?.headers ?? {};
  };

  it.each([false, true])('go out when they are OpenAI’s or Anthropic’s (stream: %s)', async (stream) => {
    const headers = {
      'openai-beta': 'assistants=v2',
      'openai-organization': 'org-1',
      'OpenAI-Project': 'proj-1',
      'openai-safety-identifier': 'u-1',
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'a,b',
      'anthropic-dangerous-direct-browser-access': 'true',
      'user-agent': 'an-sdk/1.2',
      'x-request-id': 'mine-1',
    };
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
    expect(await sent(headers, stream)).toMatchObject(lower);
  });

  it.each([
    ['authorization', 'Bearer sk-caller-secret'],
    ['proxy-authorization', 'Basic sk-caller-secret'],
    ['cookie', 'a=sk-caller-secret'],
    ['x-api-key', 'sk-caller-secret'],
    ['api-key', 'sk-caller-secret'],
    ['openai-api-key', 'sk-caller-secret'],
    ['anthropic-auth-token', 'sk-caller-secret'],
    ['openai-client-secret', 'sk-caller-secret'],
    ['x-openai-thing', 'sk-caller-secret'],
    ['openai', 'sk-caller-secret'],
    ['referer', 'https://sk-caller-secret.example'],
    ['x-signalbox-user', 'sk-caller-secret'],
  ])('never go out otherwise: %s', async (name, value) => {
    const seen = await sent({ [name]: value });
    expect(seen.authorization).toBe('Bearer provider-key-1');
    expect(JSON.stringify(seen)).not.toContain('sk-caller-secret');
  });

  it.each(['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'])(
    'never go out, %s not even for a caller with a key',
    async (name) => {
      await gateway.close();
      const key = 'sb-0123456789-caller';
      gateway = await startGateway({ ...twoModels(upstream.baseUrl), auth: { keys: [{ name: 'k', key }] } });
      const seen = await sent({ [name]: '203.0.113.9', authorization: `Bearer ${key}` });
      expect(seen.authorization).toBe('Bearer provider-key-1');
      expect(JSON.stringify(seen)).not.toMatch(/203\.0\.113\.9|sb-0123456789/);
    },
  );

  it('give way to what the provider is configured with', async () => {
    await gateway.close();
    const { providers, ...rest } = twoModels(upstream.baseUrl);
    const one = {
      kind: 'openai',
      baseUrl: upstream.baseUrl,
      apiKey: 'provider-key-1',
      headers: { 'OpenAI-Organization': 'org-own' },
    };
    gateway = await startGateway({ ...rest, providers: { ...providers, one } });
    expect(await sent({ 'openai-organization': 'org-caller' })).toMatchObject({ 'openai-organization': 'org-own' });
  });
});

describe('probes', () => {
  it.each([
    chat,
    '/chat/completions',
    '/api/v1/chat/completions',
    '/router/v1/route',
    '/router/v1/feedback',
    '/api/hello',
  ])('GET and HEAD %s are 200', async (path) => {
    for (const method of ['GET', 'HEAD']) {
      expect((await fetch(gateway.url + path, { method })).status, method).toBe(200);
    }
  });
});

describe('names', () => {
  it.each(['SMALL', 'sm%61ll', 'One/UP-small', 'one%2Fup-small', 'MINI-x', 'ns::small'])(
    '"%s" is small',
    async (model) => {
      const response = await gateway.chat(asking('Hi', { model }), {}, '//v1///chat/completions/');
      expect(response.status).toBe(200);
      expect(response.headers.get('x-signalbox-model')).toBe('small');
    },
  );

  it.each(['auto', 'AUTO', 'auto:cost', 'Auto%3ACost', 'claude-auto', '', null, undefined])(
    '%o is routed',
    async (model) => {
      const response = await gateway.chat(asking('Hi', { model }));
      expect(response.status).toBe(200);
      expect(response.headers.get('x-signalbox-reason')).not.toBe('explicit');
    },
  );
});
