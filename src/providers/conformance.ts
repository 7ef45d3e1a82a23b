import { describe, expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { configFromObject } from '../config/load.ts';
import {
  completion,
  hangs,
  json,
  resets,
  startMockProvider,
  streamEvents,
  type MockProvider,
} from '../../test/mock-provider/mock-provider.ts';
import type { Limits, Provider, UpstreamAnswer, WireRequest } from './provider.ts';
import { UpstreamFailure } from './provider.ts';
import { createProviders } from './registry.ts';
import { createTransport } from './transport.ts';

const LIMITS: Limits = { connect: 1000, firstToken: 2000, idle: 2000, total: 5000 };
const upstream = (name: string) => ({ id: `p/${name}`, provider: 'p', name, price: null });

function request(stream: boolean): WireRequest {
  const body = Buffer.from(JSON.stringify({ model: 'm', stream, messages: [{ role: 'user', content: 'Hi' }] }));
  return { dialect: 'openai-chat', endpoint: 'chat', body, stream, headers: { 'user-agent': 'test' }, key: 0 };
}

async function textOf(answer: UpstreamAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function failureOf(call: Promise<UpstreamAnswer>): Promise<string> {
  try {
    await textOf(await call);
    return 'answered';
  } catch (error) {
    expect(error).toBeInstanceOf(UpstreamFailure);
    return (error as UpstreamFailure).failure;
  }
}

/** What every OpenAI-compatible host does. Runs on a row of the presets, against an upstream of ours. */
export function providerConformance(kind: string): void {
  const withProvider = async (work: (provider: Provider, mock: MockProvider) => Promise<void>): Promise<void> => {
    const mock = await startMockProvider();
    const transport = createTransport();
    const { config } = configFromObject(
      { providers: { p: { kind, baseUrl: mock.baseUrl, apiKey: 'the-key' } }, models: [{ id: 'm', provider: 'p' }] },
      { env: {}, checks: [] },
    );
    const provider = createProviders(config.providers, { transport, clock: systemClock, random: Math.random }).get('p');
    if (provider === undefined) throw new Error('the provider was not created');
    try {
      await work(provider, mock);
    } finally {
      await transport.close();
      await mock.close();
    }
  };
  const never = new AbortController().signal;

  describe(`provider kind ${kind}`, () => {
    it('sends the bytes and the key, and gives the bytes back', () =>
      withProvider(async (provider, mock) => {
        const answer = await provider.call(upstream('some/model'), request(false), LIMITS, never);
        expect(await textOf(answer)).toBe(completion());
        const seen = mock.requests[0];
        expect(seen?.body).toBe(Buffer.from(request(false).body).toString());
        expect(seen?.path).toContain('/chat/completions');
        expect(JSON.stringify([seen?.headers['authorization'], seen?.headers['api-key']])).toContain('the-key');
      }));

    it('streams', () =>
      withProvider(async (provider) => {
        const answer = await provider.call(upstream('m'), request(true), LIMITS, never);
        expect(answer.headers['content-type']).toContain('event-stream');
        expect(await textOf(answer)).toBe(streamEvents(['Hello', ' there', '.'], null).join(''));
      }));

    it.each([
      [429, '{"error":{"message":"slow down"}}', 'busy'],
      [429, '{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}', 'quota'],
      [429, '{"error":{"message":"Limit: 3 / min. Visit https://platform.openai.com/account/billing"}}', 'busy'],
      [429, '{"error":{"code":"billing_not_active","message":"Your account is not active"}}', 'quota'],
      [403, '{"error":{"message":"This model requires moderation and your input was flagged"}}', 'filter'],
      [529, '{}', 'busy'],
      [500, 'oops', 'sick'],
      [503, '{}', 'sick'],
      [401, '{"error":{"message":"bad key the-key"}}', 'auth'],
      [400, '{"code":"invalid","error":"Incorrect API key provided: the-key"}', 'auth'],
      [400, '{"error":{"message":"bad name \\"message\\":\\"invalid api key"}}', 'request'],
      [402, '{}', 'quota'],
      [404, '{}', 'misconfigured'],
      [400, '{"error":{"code":"context_length_exceeded","message":"maximum context length"}}', 'context'],
      [400, '{"error":{"code":"content_policy_violation"}}', 'filter'],
      [400, '{"error":{"message":"bad temperature"}}', 'request'],
      [302, '', 'misconfigured'],
    ])('calls status %i with %s %s', (status, body, expected) =>
      withProvider(async (provider, mock) => {
        mock.behave(json(body, status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}));
        const call = provider.call(upstream('m'), request(false), LIMITS, never);
        const error: unknown = await call.then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error).toMatchObject({ failure: expected });
        expect(String(error)).not.toContain('the-key');
        expect(mock.requests).toHaveLength(1);
      }),
    );

    it('calls a reset and garbage sick, and silence silent', () =>
      withProvider(async (provider, mock) => {
        mock.behave(resets);
        expect(await failureOf(provider.call(upstream('m'), request(false), LIMITS, never))).toBe('sick');
        mock.behave(json('not json'));
        expect(await failureOf(provider.call(upstream('m'), request(false), LIMITS, never))).toBe('sick');
        mock.behave(hangs);
        const short = { ...LIMITS, firstToken: 50 };
        expect(await failureOf(provider.call(upstream('m'), request(true), short, never))).toBe('silent');
      }));

    it('calls a stream that stops half-way silent, after the idle limit', () =>
      withProvider(async (provider, mock) => {
        mock.behave((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(streamEvents(['Hello'])[0]);
          response.write(streamEvents(['Hello'])[1]);
        });
        expect(await failureOf(provider.call(upstream('m'), request(true), { ...LIMITS, idle: 50 }, never))).toBe(
          'silent',
        );
      }));

    it('hangs up when the caller does', () =>
      withProvider(async (provider, mock) => {
        mock.behave(hangs);
        const left = new AbortController();
        const call = failureOf(provider.call(upstream('m'), request(true), LIMITS, left.signal));
        await expect.poll(() => mock.requests.length).toBe(1);
        left.abort();
        expect(await call).toBe('gone');
        await mock.requests[0]?.closed;
      }));

    it('ends a stream that nobody has read from', () =>
      withProvider(async (provider, mock) => {
        mock.behave((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.write(streamEvents(['Hello'])[0]);
        });
        const answer = await provider.call(upstream('m'), request(true), LIMITS, never);
        await answer.body[Symbol.asyncIterator]().return?.();
        await mock.requests[0]?.closed;
        expect(mock.requests).toHaveLength(1);
      }));

    it.each([
      '{"error":{"code":401,"message":"bad key the-key"}}',
      '{"error":{"code":"invalid_api_key","message":"Incorrect API key provided: the-key"}}',
    ])('tells nothing of a refused key inside an answer: %s', (inside) =>
      withProvider(async (provider, mock) => {
        mock.behave((_request, response) => {
          response.writeHead(200, { 'content-type': 'text/event-stream' });
          response.end(`data: ${inside}\n\n`);
        });
        const call = provider.call(upstream('m'), request(true), LIMITS, never);
        await expect(call).rejects.toMatchObject({
          failure: 'auth',
          message: expect.not.stringContaining('the-key'),
        });
      }),
    );

    it('checks itself', () =>
      withProvider(async (provider, mock) => {
        mock.behave(json('{"data":[{"id":"m"}]}'));
        expect(await provider.check(never)).toMatchObject({ ok: true, models: ['m'] });
        mock.behave(json('{"error":{"message":"the-key is bad"}}', 401));
        const refused = await provider.check(never);
        expect(refused).toMatchObject({ ok: false });
        expect(refused.detail).not.toContain('the-key');
      }));
  });
}
