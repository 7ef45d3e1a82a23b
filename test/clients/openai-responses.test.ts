import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  answers,
  chunkEvent,
  hangs,
  json,
  startMockProvider,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const tools: OpenAI.Responses.Tool[] = [
  { type: 'function', name: 'look', parameters: { type: 'object' }, strict: false },
];

describe('the openai package’s Responses, in front of providers of Chat Completions', () => {
  let upstream: MockProvider;
  let gateway: TestGateway;
  let client: OpenAI;

  beforeAll(async () => {
    upstream = await startMockProvider();
    const config = twoModels(upstream.baseUrl);
    const groq = { kind: 'groq', baseUrl: upstream.baseUrl, apiKey: 'provider-key' };
    gateway = await startGateway({ ...config, providers: { one: groq, two: groq } });
    client = new OpenAI({ apiKey: 'any', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  });
  afterEach(() => upstream.behave(answers));
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  it('gets an answer', async () => {
    const response = await client.responses.create({ model: 'auto', instructions: 'Be brief.', input: 'Hi' });
    expect(response).toMatchObject({ object: 'response', status: 'completed', output_text: 'Hello there.' });
    expect(response.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
  });

  it('streams to the same response', async () => {
    const stream = client.responses.stream({ model: 'auto', input: 'Hi' });
    let text = '';
    for await (const event of stream) if (event.type === 'response.output_text.delta') text += event.delta;
    const final = await stream.finalResponse();
    expect([text, final.output_text, final.status]).toEqual(['Hello there.', 'Hello there.', 'completed']);
    expect(final.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  });

  it('calls tools and hands their results back', async () => {
    upstream.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } };
      response.write(chunkEvent({ tool_calls: [call] }));
      response.end(
        `${chunkEvent({}, { choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] })}data: [DONE]\n\n`,
      );
    });
    const final = await client.responses.stream({ model: 'auto', input: 'What is it?', tools }).finalResponse();
    expect(final.output).toMatchObject([
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"cat"}' },
    ]);
    upstream.behave(answers);
    const input: OpenAI.Responses.ResponseInput = [
      { role: 'user', content: 'What is it?' },
      { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"cat"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'a cat' },
    ];
    expect((await client.responses.create({ model: 'auto', input, tools })).output_text).toBe('Hello there.');
    expect(JSON.parse(upstream.requests.at(-1)?.body ?? '{}').messages.at(-1)).toMatchObject({
      role: 'tool',
      tool_call_id: 'call_1',
      content: 'a cat',
    });
  });

  it('gets errors that it understands', async () => {
    upstream.behave(json('{"error":{"message":"bad temperature"}}', 400));
    await expect(client.responses.create({ model: 'auto', input: 'Hi' })).rejects.toThrowError(OpenAI.BadRequestError);
    const kept = client.responses.create({ model: 'auto', input: 'Hi', previous_response_id: 'resp_1' });
    await expect(kept).rejects.toThrowError(/stored state/);
  });

  it('ends the upstream call when it leaves', async () => {
    upstream.behave(hangs);
    const seen = upstream.requests.length;
    const left = new AbortController();
    const call = client.responses.create({ model: 'auto', input: 'Hi' }, { signal: left.signal });
    await expect.poll(() => upstream.requests.length).toBe(seen + 1);
    left.abort();
    await expect(call).rejects.toThrowError(OpenAI.APIUserAbortError);
    await upstream.requests.at(-1)?.closed;
  });
});

describe('wire 13: an answer that its provider keeps', () => {
  let one: FaultServer;
  let two: FaultServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    one = await startFaultServer();
    two = await startFaultServer();
    gateway = await startGateway(twoModels(`${one.url}/v1`, `${two.url}/v1`));
  });
  afterAll(async () => {
    await gateway.close();
    await one.close();
    await two.close();
  });

  it('is gone on with at the model that gave it, whatever would be chosen now', async () => {
    const first = await gateway.post('/v1/responses', { model: 'big', input: 'Hi' });
    const { id } = (await first.json()) as { id: string };
    const ask = { model: 'auto:cost', input: 'And?', previous_response_id: id };
    const next = await gateway.post('/v1/responses', ask);
    expect([next.status, next.headers.get('x-signalbox-model')]).toEqual([200, 'big']);
    expect(two.calls.at(-1)?.body).toEqual({ ...ask, model: 'up-big' });
  });
});
