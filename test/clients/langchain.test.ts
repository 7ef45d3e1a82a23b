import { HumanMessage, ToolMessage } from '@langchain/core/messages';
import { tool } from '@langchain/core/tools';
import { ChatOpenAI } from '@langchain/openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  answers,
  completion,
  hangs,
  json,
  startMockProvider,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

describe('LangChain, pointed at the gateway', () => {
  let upstream: MockProvider;
  let gateway: TestGateway;
  let model: ChatOpenAI;

  beforeAll(async () => {
    upstream = await startMockProvider();
    gateway = await startGateway(twoModels(upstream.baseUrl));
    model = new ChatOpenAI({
      model: 'auto',
      apiKey: 'any',
      maxRetries: 0,
      streamUsage: true,
      configuration: { baseURL: `${gateway.url}/v1` },
    });
  });
  afterEach(() => upstream.behave(answers));
  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  it('gets an answer and its usage', async () => {
    const reply = await model.invoke('Hi');
    expect(reply.content).toBe('Hello there.');
    expect(reply.usage_metadata).toMatchObject({ input_tokens: 11, output_tokens: 7 });
  });

  it('streams', async () => {
    let text = '';
    for await (const chunk of await model.stream('Hi')) text += chunk.text;
    expect(text).toBe('Hello there.');
  });

  it('calls tools and hands their results back', async () => {
    const look = tool(() => 'a cat', {
      name: 'look',
      description: 'Looks',
      schema: { type: 'object', properties: {} },
    });
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } };
    const body = JSON.parse(completion('')) as { choices: object[] };
    Object.assign(body.choices[0] ?? {}, {
      message: { role: 'assistant', content: null, tool_calls: [call] },
      finish_reason: 'tool_calls',
    });
    upstream.behave(json(JSON.stringify(body)));
    const question = new HumanMessage('What is it?');
    const reply = await model.bindTools([look]).invoke([question]);
    expect(reply.tool_calls).toMatchObject([{ id: 'call_1', name: 'look', args: {} }]);
    upstream.behave(answers);
    const result = new ToolMessage({ content: 'a cat', tool_call_id: 'call_1' });
    expect((await model.invoke([question, reply, result])).content).toBe('Hello there.');
  });

  it('gets an error that says why', async () => {
    upstream.behave(json('{"error":{"message":"bad temperature"}}', 400));
    await expect(model.invoke('Hi')).rejects.toThrowError(/bad temperature/);
  });

  it('ends the upstream call when it leaves', async () => {
    upstream.behave(hangs);
    const seen = upstream.requests.length;
    const left = new AbortController();
    const call = model.invoke('Hi', { signal: left.signal });
    await expect.poll(() => upstream.requests.length).toBe(seen + 1);
    left.abort();
    await expect(call).rejects.toThrowError(/abort/i);
    await upstream.requests.at(-1)?.closed;
  });
});
