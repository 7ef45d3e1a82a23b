import { describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { configFromObject } from '../../config/load.ts';
import type { ConfigInput } from '../../config/schema.ts';
import { codecOf } from '../../protocol/registry.ts';
import { collectAnswer } from '../../protocol/collect.ts';
import { UpstreamFailure, type Limits, type Provider, type UpstreamAnswer, type WireRequest } from '../provider.ts';
import { createProviders, providerChecks } from '../registry.ts';
import { createTransport } from '../transport.ts';

const LIMITS: Limits = { connect: 1000, firstToken: 2000, idle: 2000, total: 5000 };
const TINY = './test/support/tiny-models.ts';
const never = new AbortController().signal;
const codec = codecOf('openai-chat');

type Written = ConfigInput['providers'][string];

function providerOf(written: Partial<Written> = {}): Provider {
  const { config } = configFromObject(
    { providers: { p: { kind: 'ai-sdk', package: TINY, ...written } }, models: [{ id: 'm', provider: 'p' }] },
    { env: {}, checks: [] },
  );
  const deps = { transport: createTransport(), clock: systemClock, random: Math.random };
  const provider = createProviders(config.providers, deps).get('p');
  if (provider === undefined) throw new Error('the provider was not created');
  return provider;
}

const messages = [{ role: 'user', content: 'Hi' }];

function request(rest: object = {}, key = 0): WireRequest {
  const parsed = { model: 'm', messages, ...rest };
  const stream = codec.streams(parsed);
  return {
    dialect: 'openai-chat',
    endpoint: 'chat',
    body: Buffer.from(JSON.stringify(parsed)),
    stream,
    headers: {},
    key,
  };
}

const call = (provider: Provider, name: string, asked = request(), limits = LIMITS, signal = never) =>
  provider.call({ id: `p/${name}`, provider: 'p', name, price: null }, asked, limits, signal);

async function readAll(answer: UpstreamAnswer): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of answer.body) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

async function collected(answer: UpstreamAnswer) {
  const events = [];
  for await (const event of codec.decode(answer.body, answer.streamed)) events.push(event);
  return collectAnswer(events);
}

async function failureOf(answer: Promise<UpstreamAnswer>): Promise<UpstreamFailure> {
  const failed = await answer.then(readAll).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(UpstreamFailure);
  return failed instanceof UpstreamFailure ? failed : new UpstreamFailure('sick', 'answered');
}

/** What a model that echoes was called with. */
async function asked(provider: Provider, body: object, key = 0) {
  const { text } = await collected(await call(provider, 'echo', request(body, key)));
  return JSON.parse(text) as { settings: object; options: Record<string, unknown> };
}

const STREAM = { stream: true, stream_options: { include_usage: true } };

describe.each([
  ['whole', {}],
  ['streamed', STREAM],
])('a package of the AI SDK’s, %s', (_name, body) => {
  it('answers in chat completions: text, reasoning, usage', async () => {
    const answer = await call(providerOf({ options: { greeting: 'Hello there.' } }), 'thinks', request(body));
    expect(answer).toMatchObject({ status: 200, dialect: 'openai-chat', streamed: body === STREAM });
    expect(await collected(answer)).toMatchObject({
      metadata: { id: 'chatcmpl-tiny-1', model: 'tiny-model' },
      text: 'Hello there.',
      reasoning: 'Hm.',
      finishReason: 'stop',
      usage: { input: 12, output: 5, cacheRead: 3, cacheWrite: 2, reasoning: 2 },
    });
  });

  it('gives calls of tools, but none that the provider ran itself', async () => {
    const provider = providerOf();
    const answer = await collected(await call(provider, 'tools', request(body)));
    expect(answer.toolCalls).toEqual([{ toolCallId: 't1', toolName: 'look', input: '{"at":"cat"}' }]);
    expect(answer.finishReason).toBe('tool-calls');
  });

  it.each([
    ['no-key', 'auth', true],
    ['unsupported', 'request', true],
    ['unreachable', 'sick', true],
    ['errs', 'sick', false],
  ])('fails: %s is %s', async (name, failure, unsent) => {
    expect(await failureOf(call(providerOf(), name, request(body)))).toMatchObject({ failure, unsent });
  });

  it('is silent when nothing comes in time, whatever the package does with its signal', async () => {
    const limits = { ...LIMITS, firstToken: 30 };
    expect(await failureOf(call(providerOf(), 'hangs', request(body), limits))).toMatchObject({ failure: 'silent' });
  });

  it('ends when the caller leaves', async () => {
    const left = new AbortController();
    const waiting = failureOf(call(providerOf(), 'hangs', request(body), LIMITS, left.signal));
    left.abort();
    expect(await waiting).toMatchObject({ failure: 'gone' });
  });
});

describe('a stream of a package of the AI SDK’s', () => {
  it.each([
    ['fails-at-once', 'busy'],
    ['ends-early', 'sick'],
    ['cut', 'sick'],
    ['fails-late', 'sick'],
  ])('%s: %s', async (name, failure) => {
    expect(await failureOf(call(providerOf(), name, request(STREAM)))).toMatchObject({ failure });
  });

  it('falls over before its first token, and breaks after it', async () => {
    await expect(call(providerOf(), 'fails-at-once', request(STREAM))).rejects.toBeInstanceOf(UpstreamFailure);
    await expect(call(providerOf(), 'fails-late', request(STREAM))).resolves.toMatchObject({ status: 200 });
  });

  it('is silent after the idle limit', async () => {
    const limits = { ...LIMITS, idle: 30 };
    expect(await failureOf(call(providerOf(), 'hangs-late', request(STREAM), limits))).toMatchObject({
      failure: 'silent',
    });
  });

  it('can be left before it is read', async () => {
    const answer = await call(providerOf(), 'hangs-late', request(STREAM));
    await expect(answer.body[Symbol.asyncIterator]().return?.()).resolves.toMatchObject({ done: true });
  });
});

describe('what a package of the AI SDK’s is asked', () => {
  it('is everything that chat completions say', async () => {
    const { options } = await asked(providerOf(), {
      messages: [
        { role: 'user', content: 'Look!' },
        {
          role: 'assistant',
          content: 'So:',
          tool_calls: [
            { id: 'a', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } },
            { id: 'b', type: 'function', function: { name: 'look', arguments: '' } },
          ],
        },
        { role: 'tool', tool_call_id: 'a', content: 'a cat' },
        { role: 'tool', tool_call_id: 'b', content: 'nothing' },
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And?' },
            { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw==' } },
          ],
        },
      ],
      tools: [{ type: 'function', function: { name: 'look', description: 'Looks' } }],
      tool_choice: { type: 'function', function: { name: 'look' } },
      parallel_tool_calls: false,
      max_tokens: 9,
      temperature: 0.5,
      top_p: 0.9,
      stop: 'END',
      seed: 3,
      reasoning_effort: 'max',
      response_format: { type: 'json_schema', json_schema: { name: 'city', schema: { type: 'object' } } },
    });
    expect(options).toEqual({
      prompt: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'text', text: 'Look!' }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'So:' },
            { type: 'tool-call', toolCallId: 'a', toolName: 'look', input: { at: 'cat' } },
            { type: 'tool-call', toolCallId: 'b', toolName: 'look', input: {} },
          ],
        },
        {
          role: 'tool',
          content: [
            { type: 'tool-result', toolCallId: 'a', toolName: 'look', output: { type: 'text', value: 'a cat' } },
            { type: 'tool-result', toolCallId: 'b', toolName: 'look', output: { type: 'text', value: 'nothing' } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And?' },
            { type: 'file', mediaType: 'image/png', data: 'iVBORw==' },
          ],
        },
      ],
      tools: [
        {
          type: 'function',
          name: 'look',
          description: 'Looks',
          inputSchema: { type: 'object', properties: {} },
        },
      ],
      toolChoice: { type: 'tool', toolName: 'look' },
      maxOutputTokens: 9,
      temperature: 0.5,
      topP: 0.9,
      stopSequences: ['END'],
      seed: 3,
      responseFormat: { type: 'json', name: 'city', schema: { type: 'object' } },
      providerOptions: { tiny: { reasoningEffort: 'high', parallelToolCalls: false } },
    });
  });

  it('goes with the key of the pool, the address, the headers and the options', async () => {
    const provider = providerOf({
      apiKey: ['key-one', 'key-two'],
      baseUrl: 'http://127.0.0.1:9/v1',
      headers: { 'x-a': 'b' },
      options: { greeting: 'Yo' },
    });
    expect(provider.keys).toBe(2);
    const { settings } = await asked(provider, {}, 1);
    expect(settings).toEqual({
      apiKey: 'key-two',
      baseURL: 'http://127.0.0.1:9/v1',
      headers: { 'x-a': 'b' },
      greeting: 'Yo',
    });
  });

  it('carries Gemini’s signature of a call back to the model that gave it, and to no other', async () => {
    const provider = providerOf();
    await readAll(await call(provider, 'tools', request()));
    const tool_calls = [{ id: 't1', type: 'function', function: { name: 'look', arguments: '{}' } }];
    const body = { messages: [...messages, { role: 'assistant', content: null, tool_calls }] };
    const { text } = await collected(await call(provider, 'tools', request(body)));
    expect(text).toContain('"providerOptions":{"tiny":{"thoughtSignature":"signed"}}');
    expect(JSON.stringify(await asked(provider, body))).not.toContain('signed');
  });
});

describe('configuring a package of the AI SDK’s', () => {
  const misconfigured = (message: RegExp) => ({
    failure: 'misconfigured',
    unsent: true,
    message: expect.stringMatching(message),
  });

  it.each([
    [
      { package: '@ai-sdk/not-installed' },
      /package @ai-sdk\/not-installed is not installed: npm install @ai-sdk\/not-inst/,
    ],
    [{ package: './no-such-file.js' }, /not installed: check its path/],
    [{ factory: 'createNothing' }, /exports no function createNothing; .* \(found: createTiny\)/],
    [{ package: './src/version.ts' }, /no single create… function; name one as factory/],
  ])('%j: says what to do', async (written, message) => {
    const provider = providerOf(written);
    expect(await failureOf(call(provider, 'm'))).toMatchObject(misconfigured(message));
    expect(await provider.check(never)).toEqual({ ok: false, detail: expect.stringMatching(message) });
  });

  it('checks that the package is there', async () => {
    expect(await providerOf().check(never)).toMatchObject({ ok: true });
  });

  it('is refused without a package, and other kinds with one', () => {
    const problems = (provider: Written) =>
      providerChecks(
        configFromObject({ providers: { p: provider }, models: [{ id: 'm', provider: 'p' }] }, { env: {}, checks: [] })
          .config,
      ).map(({ path, message }) => `${path.join('.')}: ${message}`);
    expect(problems({ kind: 'ai-sdk' })).toEqual([expect.stringMatching(/^providers.p: kind ai-sdk needs package/)]);
    expect(problems({ kind: 'openai', package: '@ai-sdk/openai' })).toEqual([
      'providers.p.package: kind openai has no package; kind ai-sdk has',
    ]);
    expect(problems({ kind: 'ai-sdk', package: TINY })).toEqual([]);
  });
});
