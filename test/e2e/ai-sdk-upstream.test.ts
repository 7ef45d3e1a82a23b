import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLIENT_DIALECTS } from '../support/dialects.ts';
import { hangs, json, startMockProvider, type Behaviour, type MockProvider } from '../mock-provider/mock-provider.ts';
import { WIRES } from '../mock-provider/faulty/wires/registry.ts';
import { asking, startGateway, type TestGateway } from '../support/gateway.ts';

/** Answers on the wire of the path. */
const answers: Behaviour = (request, response) => {
  const wire = Object.values(WIRES).find(({ path }) => request.path.endsWith(path));
  if (wire === undefined) return json('{}', 404)(request, response);
  const body: Record<string, unknown> = JSON.parse(request.body);
  const tokens = ['Hello', ' there', '.'];
  const answer = wire.answer({ id: '1', model: 'up', tokens, input: 11, now: 1_760_000_000_000, body });
  if (!wire.streams(body)) return json(answer.whole)(request, response);
  response.writeHead(200, { 'content-type': answer.streamType, 'request-id': 'up-1' });
  response.end([...answer.opening, ...answer.tokens, ...answer.closing, answer.marker].join(''));
};

describe.each([
  ['@ai-sdk/openai', '/responses', 'authorization', 'Bearer provider-key'],
  ['@ai-sdk/anthropic', '/messages', 'x-api-key', 'provider-key'],
])('%s as an upstream', (name, path, header, credential) => {
  let upstream: MockProvider;
  let spare: MockProvider;
  let gateway: TestGateway;

  beforeEach(async () => {
    upstream = await startMockProvider(answers);
    spare = await startMockProvider();
    gateway = await startGateway({
      providers: {
        packaged: { kind: 'ai-sdk', package: name, baseUrl: upstream.baseUrl, apiKey: 'provider-key' },
        spare: { kind: 'openai', baseUrl: spare.baseUrl },
      },
      models: [
        { id: 'small', provider: 'packaged', model: 'up-small', quality: 0.9, price: { input: 1, output: 2 } },
        { id: 'big', provider: 'spare', model: 'up-big', quality: 0.8, price: { input: 10, output: 20 } },
      ],
      routing: { default: 'big' },
      retries: { max: 0 },
    });
  });

  afterEach(async () => {
    await gateway.close();
    await upstream.close();
    await spare.close();
  });

  it.each(
    CLIENT_DIALECTS.flatMap((dialect) => [true, false].map((stream) => ({ dialect, stream, name: dialect.name }))),
  )('answers a caller of $name, stream: $stream', async ({ dialect, stream }) => {
    const response = await gateway.post(dialect.path, dialect.body('Hi', stream));
    const told = dialect.read(await response.text(), stream);
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-model')).toBe('small');
    expect(told).toMatchObject({ text: 'Hello there.', output: 3, complete: true });
    expect(upstream.requests[0]?.path).toContain(path);
    expect(upstream.requests[0]?.headers[header]).toBe(credential);
  });

  it('is priced and booked like any other', async () => {
    const response = await gateway.chat(asking('Hi'));
    expect(response.headers.get('x-signalbox-cost-usd')).toBe('0.000017');
  });

  it.each([
    [500, '{"error":{"message":"oops","type":"api_error"}}'],
    [429, '{"error":{"message":"slow down","type":"rate_limit_error"}}'],
    [401, '{"error":{"message":"bad key provider-key","type":"authentication_error"}}'],
    [200, 'nonsense'],
  ])('falls over on status %i: %s', async (status, body) => {
    upstream.behave(json(body, status));
    for (const stream of [false, true]) {
      const response = await gateway.chat(asking('Hi', { stream }));
      expect(response.headers.get('x-signalbox-model')).toBe('big');
      expect(await response.text()).not.toContain('provider-key');
    }
  });

  it('tells what the provider refused, once', async () => {
    upstream.behave(json('{"type":"error","error":{"message":"bad temperature","type":"invalid_request_error"}}', 400));
    const response = await gateway.chat(asking('Hi'));
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining('bad temperature') } });
    expect([upstream.requests.length, spare.requests.length]).toEqual([1, 0]);
  });

  it('hangs up when the caller does', async () => {
    upstream.behave(hangs);
    const left = new AbortController();
    const call = fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asking('Hi', { stream: true })),
      signal: left.signal,
    }).catch(() => undefined);
    await expect.poll(() => upstream.requests.length).toBe(1);
    left.abort();
    await call;
    await upstream.requests[0]?.closed;
  });
});
