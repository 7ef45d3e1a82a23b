import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { json, startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { rawRequest, sendRaw, startForbidden, statusesIn, type Forbidden } from '../../support/raw-http.ts';

const KEY = 'provider-key-1234';
const ANN = 'sb-0123456789-key-of-ann';
const PRICE = { input: 1, output: 2 };
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let inner: Forbidden;
let upstream: MockProvider;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startMockProvider();
  const root = upstream.baseUrl.replace(/\/v1$/, '');
  const apiKey = KEY;
  gateway = await startGateway({
    providers: {
      openai: { kind: 'openai', baseUrl: upstream.baseUrl, apiKey },
      anthropic: { kind: 'anthropic', baseUrl: upstream.baseUrl, apiKey },
      ollama: { kind: 'ollama', baseUrl: root, apiKey },
      azure: { kind: 'azure', baseUrl: root, apiKey, allowUnpriced: true },
      packaged: { kind: 'ai-sdk', package: '@ai-sdk/openai', baseUrl: upstream.baseUrl, apiKey },
      claude: { kind: 'ai-sdk', package: '@ai-sdk/anthropic', baseUrl: upstream.baseUrl, apiKey },
    },
    models: ['openai', 'anthropic', 'ollama', 'azure', 'packaged', 'claude'].map((provider) => ({
      id: `at-${provider}`,
      provider,
      model: 'up',
      price: PRICE,
    })),
    routing: { fallbacks: [] },
    auth: { keys: [{ name: 'ann', key: ANN }] },
    retries: { max: 0 },
  });
});

beforeEach(async () => {
  inner = await startForbidden();
  upstream.behave(json('{}', 400));
  gateway.engine.runtime.memory.endCoolDowns();
});

afterEach(() => inner.close());

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const MODELS = ['at-openai', 'at-anthropic', 'at-ollama', 'at-azure', 'at-packaged', 'at-claude'];

/** Fields that other gateways have taken an address, or a key, from. */
const addresses = (url: string) => ({
  base_url: url,
  baseUrl: url,
  baseURL: url,
  api_base: url,
  api_url: url,
  endpoint: url,
  url,
  host: url,
  provider: { base_url: url, order: [url] },
  extra_body: { api_base: url },
  extra_headers: { host: new URL(url).host },
  litellm_params: { api_base: url },
  metadata: { api_base: url, user_id: url },
  proxy: url,
  webhook: url,
  callback_url: url,
  redirect: url,
  custom_host: url,
});
const otherKeys = { api_key: 'mine', apiKey: 'mine', organization: 'mine' };

/** One request per dialect that names addresses in every place that may hold one. */
const asks = (model: string, url: string): readonly (readonly [string, object])[] => {
  const rest = { model, ...addresses(url), ...otherKeys };
  const chat = [
    {
      role: 'user',
      content: [
        { type: 'text', text: `Fetch ${url}/a` },
        { type: 'image_url', image_url: { url: `${url}/image.png` } },
        { type: 'file', file: { file_url: `${url}/file.pdf`, file_data: `${url}/file.pdf`, filename: 'a.pdf' } },
        { type: 'input_audio', input_audio: { data: `${url}/a.wav`, format: 'wav', url } },
      ],
    },
  ];
  const claude = [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'url', url: `${url}/image.png` } },
        { type: 'document', source: { type: 'url', url: `${url}/file.pdf` } },
        { type: 'text', text: 'Hi' },
      ],
    },
  ];
  const input = [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: 'Hi' },
        { type: 'input_image', image_url: `${url}/image.png` },
        { type: 'input_file', file_url: `${url}/file.pdf` },
      ],
    },
  ];
  const tools = [{ type: 'mcp', server_label: 'a', server_url: `${url}/mcp`, authorization: 'mine' }];
  const servers = [{ type: 'url', url: `${url}/mcp`, name: 'a', authorization_token: 'mine' }];
  return [
    ['/v1/chat/completions', { ...rest, messages: chat, tools }],
    ['/v1/chat/completions', { ...rest, messages: chat, stream: true }],
    ['/v1/messages', { ...rest, max_tokens: 9, messages: claude, mcp_servers: servers }],
    ['/v1/responses', { ...rest, input, tools, prompt: { id: url } }],
    ['/api/chat', { ...rest, messages: [{ role: 'user', content: 'Hi', images: [`${url}/image.png`] }] }],
    ['/api/chat', { ...rest, messages: [{ role: 'user', content: 'Hi', images: [PIXEL] }] }],
    ['/api/generate', { ...rest, prompt: 'Hi', images: [`${url}/image.png`] }],
    ['/v1/embeddings', { ...rest, input: [url] }],
    ['/api/embed', { ...rest, input: url }],
    ['/v1/completions', { ...rest, prompt: url }],
    ['/v1/images/edits', { ...rest, image_url: `${url}/image.png` }],
    ['/v1/audio/speech', { ...rest, input: url }],
  ];
};

const HEADERS = (port: number): Readonly<Record<string, string>> => {
  const host = `127.0.0.1:${port}`;
  return {
    'x-signalbox-base-url': `http://${host}`,
    'x-portkey-custom-host': `http://${host}`,
    'x-litellm-api-base': `http://${host}`,
    'x-original-url': `http://${host}/`,
    'x-rewrite-url': `http://${host}/`,
    'x-forwarded-host': host,
    'x-api-key': ANN,
    'openai-organization': 'theirs',
    'anthropic-base-url': `http://${host}`,
    'openai-base-url': `http://${host}`,
    'proxy-authorization': 'Basic bWluZQ==',
  };
};

describe('an address in a request', () => {
  it.each(MODELS)('is never called for %s, whatever the dialect and the field', async (model) => {
    const before = upstream.requests.length;
    for (const [path, body] of asks(model, inner.url)) {
      const response = await gateway.post(path, body, HEADERS(inner.port));
      expect(await response.text(), path).not.toContain('inner network');
    }
    const seen = upstream.requests.slice(before);
    expect(seen.length).toBeGreaterThan(0);
    for (const { headers } of seen) {
      const sent = JSON.stringify(headers);
      expect(sent).toContain(KEY);
      expect(sent).not.toContain('mine');
      expect(headers.host).toBe(new URL(upstream.baseUrl).host);
    }
    expect(inner.connections).toBe(0);
  });

  it('as a model’s or a provider’s name leads nowhere else', async () => {
    const { host } = new URL(inner.url);
    const names = [
      inner.url,
      `openai/${inner.url}`,
      `openai:@${host}/`,
      `azure/../../../${host}`,
      `azure/..`,
      `azure/.`,
    ];
    for (const model of [
      ...names,
      'azure/%2e%2e',
      'azure/..%2f..%2fadmin',
      'azure/\ud800',
      'azure/a?b=c#d',
      `azure/\\\\${host}`,
    ]) {
      const before = upstream.requests.length;
      await (await gateway.post('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hi' }] })).text();
      for (const { path } of upstream.requests.slice(before)) {
        expect(path, model).toMatch(
          /^\/(?:v1\/chat\/completions|openai\/deployments\/[^/?#]+\/chat\/completions\?api-version=[\d-]+)$/,
        );
      }
    }
    const named = await gateway.post('/v1/moderations', { input: 'a' }, { 'x-signalbox-provider': inner.url });
    expect(named.status).toBe(400);
    expect(inner.connections).toBe(0);
  });
});

describe('a target that is not a path', () => {
  it('names no other machine', async () => {
    const { host } = new URL(inner.url);
    const body = JSON.stringify({ model: 'at-openai', messages: [{ role: 'user', content: 'Hi' }] });
    const own = new URL(gateway.url).host;
    const posted = [`Host: ${own}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    for (const line of [
      `GET http://${host}/ HTTP/1.1`,
      `GET http://${host}/v1/models HTTP/1.1`,
      `GET //${host}/ HTTP/1.1`,
      `GET /\\${host}/ HTTP/1.1`,
      `GET http:/${host}/ HTTP/1.1`,
      `GET @${host}/ HTTP/1.1`,
      `OPTIONS * HTTP/1.1`,
      `TRACE / HTTP/1.1`,
    ]) {
      const told = await sendRaw(gateway.url, rawRequest(line, [`Host: ${own}`]));
      expect(told, line).not.toContain('inner network');
      expect(statusesIn(told), line).toHaveLength(1);
    }
    for (const path of ['/v1/chat/completions', '/v1/moderations']) {
      const told = await sendRaw(gateway.url, rawRequest(`POST http://${host}${path} HTTP/1.1`, posted, body));
      expect(told, path).not.toContain('inner network');
    }
    // A tunnel is no route: the connection ends.
    expect(await sendRaw(gateway.url, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).not.toMatch(/ 200 /);
    expect(inner.connections).toBe(0);
  });

  it('counts as the host that the request names beside it: Host is checked all the same', async () => {
    const own = new URL(gateway.url).host;
    const rebound = rawRequest(`GET http://${own}/router/v1/keys HTTP/1.1`, ['Host: evil.example']);
    expect(statusesIn(await sendRaw(gateway.url, rebound))).toEqual([403]);
  });
});

describe('a path that is passed on', () => {
  const own = () => new URL(gateway.url).host;
  const PATHS = [
    '/v1/audio/../files',
    '/v1/audio/%2e%2e/files',
    '/v1/audio/%2E%2E/files/file-1/content',
    '/v1/audio/.%2e/files',
    '/v1/audio/x/%2e%2e/%2e%2e/files',
    '/v1/images/%2e%2e/%2e%2e/admin',
    '/v1/images/..%2f..%2fadmin',
    '/v1/images/..%5c..%5cadmin',
    '/v1/images/..\\files',
    '/v1/images/%2e%2e%2ffiles',
    '/v1/audio/%252e%252e/files',
    '/v1/audio/./../files',
    '/v1/audio/\t../files',
    '/v1/audio/%09../files',
    '/v1/images/x/..;/files',
  ];

  it.each(PATHS)('stays under its own: %j', async (path) => {
    const before = upstream.requests.length;
    const headers = [`Host: ${own()}`, 'x-signalbox-provider: openai', `x-api-key: ${ANN}`];
    const told = await sendRaw(gateway.url, rawRequest(`GET ${path} HTTP/1.1`, headers));
    expect([400, 403, 404]).toContain(statusesIn(told)[0]);
    expect(upstream.requests.slice(before)).toEqual([]);
    expect(inner.connections).toBe(0);
  });
});

describe('a redirect of a provider', () => {
  const CASES = [301, 302, 303, 307, 308].flatMap((status) => MODELS.map((model) => ({ status, model })));

  it.each(CASES)('is not followed: $status from $model', async ({ status, model }) => {
    for (const location of [`${inner.url}/v1/chat/completions`, `//127.0.0.1:${inner.port}/`]) {
      upstream.behave(json('{"error":{"message":"over there"}}', status, { location }));
      for (const [path, body] of asks(model, 'http://127.0.0.1:9').slice(0, 5)) {
        gateway.engine.runtime.memory.endCoolDowns();
        const response = await gateway.post(path, body);
        expect(response.status, path).toBeGreaterThanOrEqual(400);
        expect(response.headers.get('location'), path).toBeNull();
      }
    }
    expect(inner.visits).toEqual([]);
    expect(inner.connections).toBe(0);
  });

  it.each([301, 302, 307, 308])('is not followed where requests are passed on, nor by a check: %i', async (status) => {
    upstream.behave(json('{}', status, { location: `${inner.url}/v1/models` }));
    for (const provider of ['openai', 'azure', 'ollama']) {
      const headers = { 'x-signalbox-provider': provider };
      const response = await fetch(`${gateway.url}/v1/files`, { headers, redirect: 'manual' });
      expect(response.headers.get('location')).toBeNull();
      await response.text();
    }
    const { providers } = gateway.engine.snapshot();
    for (const provider of providers.values()) await provider.check(AbortSignal.timeout(5000));
    await (await gateway.post('/v1/embeddings', { model: 'at-openai', input: 'Hi' })).text();
    expect(inner.connections).toBe(0);
  });
});
