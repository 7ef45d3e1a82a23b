import Anthropic from '@anthropic-ai/sdk';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  answers,
  chunkEvent,
  completion,
  hangs,
  json,
  startMockProvider,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const tools = [{ name: 'look', description: 'Looks', input_schema: { type: 'object' as const } }];
const ask = { model: 'auto', max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] };

describe('the Anthropic package, pointed at the gateway in front of OpenAI’s wire', () => {
  let upstream: MockProvider;
  let gateway: TestGateway;
  let client: Anthropic;

  beforeAll(async () => {
    upstream = await startMockProvider();
    gateway = await startGateway(twoModels(upstream.baseUrl));
    client = new Anthropic({ apiKey: 'any', baseURL: gateway.url, maxRetries: 0 });
  });
  afterEach(() => upstream.behave(answers));
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  const toolCalls = [
    { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } },
    { index: 1, id: 'call_2', type: 'function', function: { name: 'look', arguments: '' } },
  ];

  it('gets an answer in its own shape', async () => {
    const { data, response } = await client.messages.create({ ...ask, system: 'Be brief.' }).withResponse();
    expect(data).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'upstream-model',
      content: [{ type: 'text', text: 'Hello there.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 11, output_tokens: 7 },
    });
    expect(response.headers.get('x-signalbox-model')).toBe('small');
    expect(JSON.parse(upstream.requests.at(-1)?.body ?? '{}')).toMatchObject({
      model: 'up-small',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      max_completion_tokens: 100,
    });
  });

  it('streams to the same message', async () => {
    const stream = client.messages.stream(ask);
    const words: string[] = [];
    stream.on('text', (word) => void words.push(word));
    const message = await stream.finalMessage();
    expect(words).toEqual(['Hello', ' there', '.']);
    expect(message).toMatchObject({
      content: [{ type: 'text', text: 'Hello there.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 11, output_tokens: 7 },
    });
  });

  it.each([false, true])('calls tools (streamed: %s)', async (streamed) => {
    upstream.behave((request, response) => {
      if (!streamed) {
        const body = JSON.parse(completion('')) as { choices: { message: object; finish_reason: string }[] };
        Object.assign(body.choices[0] ?? {}, {
          message: { role: 'assistant', content: null, tool_calls: toolCalls },
          finish_reason: 'tool_calls',
        });
        return json(JSON.stringify(body))(request, response);
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const call of toolCalls) response.write(chunkEvent({ tool_calls: [call] }));
      response.end(
        `${chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })}data: [DONE]\n\n`,
      );
      return undefined;
    });
    const message = streamed
      ? await client.messages.stream({ ...ask, tools }).finalMessage()
      : await client.messages.create({ ...ask, tools });
    expect(message.stop_reason).toBe('tool_use');
    expect(message.content).toMatchObject([
      { type: 'tool_use', id: 'call_1', name: 'look', input: { at: 'cat' } },
      { type: 'tool_use', id: 'call_2', name: 'look', input: {} },
    ]);
    const results = message.content.flatMap((block) =>
      block.type === 'tool_use' ? [{ type: 'tool_result' as const, tool_use_id: block.id, content: 'a cat' }] : [],
    );
    upstream.behave(answers);
    await client.messages.create({
      ...ask,
      tools,
      messages: [...ask.messages, { role: 'assistant', content: message.content }, { role: 'user', content: results }],
    });
    expect(JSON.parse(upstream.requests.at(-1)?.body ?? '{}').messages.slice(-3)).toMatchObject([
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_1' }, { id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: 'a cat' },
      { role: 'tool', tool_call_id: 'call_2', content: 'a cat' },
    ]);
  });

  it('gets errors that it understands', async () => {
    upstream.behave(json('{"error":{"message":"bad temperature"}}', 400));
    await expect(client.messages.create(ask)).rejects.toThrowError(Anthropic.BadRequestError);
    await expect(client.messages.create({ ...ask, model: 'nobody' })).rejects.toThrowError(Anthropic.NotFoundError);
    upstream.behave(json('{"error":{"message":"slow down"}}', 429));
    await expect(client.messages.create(ask)).rejects.toMatchObject({
      status: 429,
      error: { type: 'error', error: { type: 'rate_limit_error', message: expect.stringContaining('slow down') } },
    });
  });

  it('ends the upstream call when it leaves', async () => {
    upstream.behave(hangs);
    const seen = upstream.requests.length;
    const left = new AbortController();
    const call = client.messages.create(ask, { signal: left.signal });
    await expect.poll(() => upstream.requests.length).toBe(seen + 1);
    left.abort();
    await expect(call).rejects.toThrowError(Anthropic.APIUserAbortError);
    await upstream.requests.at(-1)?.closed;
  });

  it('counts tokens', async () => {
    const counted = await client.messages.countTokens({ model: 'auto', messages: ask.messages });
    expect(counted.input_tokens).toBeGreaterThan(0);
  });
});
