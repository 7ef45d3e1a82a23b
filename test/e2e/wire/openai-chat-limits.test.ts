import { afterEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../../src/state/conformance.ts';
import { answers, json, startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { asking, startGateway, type TestGateway } from '../../support/gateway.ts';
import { chat } from '../../support/one-upstream.ts';

describe('limits', () => {
  const clock = manualClock();
  let gateway: TestGateway;
  let small: MockProvider;
  let large: MockProvider;

  const price = { input: 1, output: 2 };
  const start = async (keys: readonly string[] = ['key-a']) => {
    small = await startMockProvider();
    large = await startMockProvider();
    gateway = await startGateway(
      {
        providers: {
          one: { kind: 'openai', baseUrl: small.baseUrl, apiKey: [...keys] },
          two: { kind: 'openai', baseUrl: large.baseUrl, apiKey: 'key-2' },
        },
        models: [
          { id: 'small', provider: 'one', model: 'up-small', price, contextWindow: 8000 },
          { id: 'same', provider: 'two', model: 'up-same', price, contextWindow: 8000 },
          { id: 'large', provider: 'two', model: 'up-large', price, contextWindow: 128_000 },
        ],
        routing: { default: 'small', strategy: 'static', fallbacks: ['same', 'large'] },
      },
      { clock },
    );
  };
  afterEach(async () => {
    await gateway.close();
    await small.close();
    await large.close();
  });
  const model = (response: Response) => response.headers.get('x-signalbox-model');
  const askAuto = (rest: object = {}) => gateway.chat(asking('Hi', rest));
  const keysOf = ({ requests }: MockProvider) => requests.map(({ headers }) => headers.authorization);
  const refusal = (code: string, words: string) =>
    JSON.stringify({ error: { message: words, type: code, param: null, code } });
  const limited = refusal('rate_limit_exceeded', 'Rate limit reached for requests');

  it.each([false, true])('7: a rate limit is waited for, and the model stays (stream: %s)', async (streams) => {
    await start();
    let refused = 0;
    small.behave((request, response) =>
      (refused++ === 0 ? json(limited, 429, { 'retry-after-ms': '5' }) : answers)(request, response),
    );
    const response = await askAuto({ stream: streams });
    expect([response.status, model(response)]).toEqual([200, 'small']);
    await response.text();
    expect(keysOf(small)).toEqual(['Bearer key-a', 'Bearer key-a']);
  });

  it('7: an account without credit is not asked again, and its model is answered with another key', async () => {
    await start(['key-a', 'key-b']);
    small.behave((request, response) =>
      (request.headers.authorization === 'Bearer key-a'
        ? json(refusal('insufficient_quota', 'You exceeded your current quota'), 429)
        : answers)(request, response),
    );
    for (let n = 0; n < 2; n++) expect(model(await askAuto())).toBe('small');
    expect(keysOf(small)).toEqual(['Bearer key-a', 'Bearer key-b', 'Bearer key-b']);
  });

  it('7: an account without credit is called once, and the next model answers', async () => {
    await start();
    small.behave(
      json(refusal('insufficient_quota', 'You exceeded your current quota'), 429, { 'retry-after-ms': '5' }),
    );
    expect(model(await askAuto())).toBe('same');
    expect(small.requests).toHaveLength(1);
  });

  it('7: a request larger than the window goes to a larger one, never to one of the same size', async () => {
    await start();
    small.behave(json(refusal('context_length_exceeded', 'maximum context length is 8000 tokens'), 400));
    expect(model(await askAuto())).toBe('large');
    expect(small.requests).toHaveLength(1);
    expect(large.requests.map(({ body }) => JSON.parse(body).model)).toEqual(['up-large']);
  });

  it('7: a request larger than every window is an error', async () => {
    await start();
    const body = refusal('context_length_exceeded', 'maximum context length is 8000 tokens');
    small.behave(json(body, 400));
    large.behave(json(refusal('context_length_exceeded', 'maximum context length is 128000 tokens'), 400));
    const response = await askAuto();
    expect([response.status, await response.text()]).toEqual([400, body]);
    expect([small.requests.length, large.requests.length]).toEqual([1, 1]);
  });

  it('7: a content policy is not routed around', async () => {
    await start();
    const body = refusal('content_policy_violation', 'Your request was rejected by our safety system');
    small.behave(json(body, 400));
    const response = await askAuto();
    expect([response.status, await response.text()]).toEqual([400, body]);
    expect(large.requests).toHaveLength(0);
  });

  it('9: rate headers come back as the upstream wrote them', async () => {
    await start();
    const headers = {
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-remaining-requests': '59',
      'x-ratelimit-reset-requests': '6m0s',
      'x-ratelimit-limit-tokens': '150000',
      'x-ratelimit-remaining-tokens': '149984',
      'x-ratelimit-reset-tokens': '20ms',
    };
    small.behave(json(JSON.stringify(chat({ content: 'Hi' })), 200, headers));
    const response = await askAuto();
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name), name).toBe(value);
  });

  it.each([
    ['requests', '6m0s', 360_000],
    ['tokens', '20ms', 20],
    ['requests', '1.5s', 1500],
  ])('9: a model with no %s left for %s is spared that long', async (kind, reset, ms) => {
    await start();
    const headers = {
      [`x-ratelimit-remaining-${kind}`]: '0',
      [`x-ratelimit-limit-${kind}`]: '60',
      [`x-ratelimit-reset-${kind}`]: reset,
    };
    small.behave(json(JSON.stringify(chat({ content: 'Hi' })), 200, headers));
    expect(model(await askAuto())).toBe('small');
    clock.advance(ms - 1);
    expect(model(await askAuto())).toBe('same');
    clock.advance(2);
    expect(model(await askAuto())).toBe('small');
  });

  it.each([
    ['seconds', () => ({ 'retry-after': '30' })],
    ['milliseconds', () => ({ 'retry-after': '1', 'retry-after-ms': '30000' })],
    ['a date', () => ({ 'retry-after': new Date(clock.now() + 30_000).toUTCString() })],
  ])('9: Retry-After in %s is obeyed, and told to the caller in whole seconds', async (_how, headersNow) => {
    await start();
    const headers = headersNow();
    small.behave(json(limited, 429, headers));
    large.behave(json(limited, 429, headers));
    const refused = await askAuto();
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toMatch(/^(?:29|30)$/);
    expect(await refused.text()).toBe(limited);
    const calls = small.requests.length;
    clock.advance(28_000);
    expect((await askAuto()).status).toBe(503);
    expect(small.requests).toHaveLength(calls);
    clock.advance(2_001);
    small.behave(answers);
    expect(model(await askAuto())).toBe('small');
    expect(small.requests).toHaveLength(calls + 1);
  });
});
