import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answers,
  completion,
  hangs,
  json,
  startMockProvider,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

describe('the openai package, pointed at the gateway', () => {
  let upstream: MockProvider;
  let gateway: TestGateway;
  let client: OpenAI;
  const messages = [{ role: 'user' as const, content: 'Hi' }];

  beforeAll(async () => {
    upstream = await startMockProvider();
    gateway = await startGateway(twoModels(upstream.baseUrl));
    client = new OpenAI({ apiKey: 'any', baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  });

  afterAll(async () => {
    await gateway.close();
    await upstream.close();
  });

  it('gets an answer, and the headers beside it', async () => {
    const { data, response } = await client.chat.completions.create({ model: 'auto', messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello there.');
    expect(response.headers.get('x-signalbox-model')).toBe('small');
  });

  it('streams', async () => {
    let text = '';
    for await (const chunk of await client.chat.completions.create({ model: 'auto', messages, stream: true })) {
      text += chunk.choices[0]?.delta.content ?? '';
    }
    expect(text).toBe('Hello there.');
  });

  it('calls tools', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"cat"}' } };
    const body = JSON.parse(completion('')) as { choices: { message: object; finish_reason: string }[] };
    Object.assign(body.choices[0] ?? {}, {
      message: { role: 'assistant', content: null, tool_calls: [call] },
      finish_reason: 'tool_calls',
    });
    upstream.behave(json(JSON.stringify(body)));
    const reply = await client.chat.completions.create({
      model: 'auto',
      messages,
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    });
    expect(reply.choices[0]?.message.tool_calls).toEqual([call]);
    upstream.behave(answers);
  });

  it('understands errors as its own', async () => {
    await expect(client.chat.completions.create({ model: 'nope', messages })).rejects.toBeInstanceOf(
      OpenAI.NotFoundError,
    );
    upstream.behave(json('{"error":{"message":"bad temperature","type":"invalid_request_error"}}', 400));
    await expect(client.chat.completions.create({ model: 'auto', messages })).rejects.toThrow('bad temperature');
    upstream.behave(answers);
  });

  it('aborts', async () => {
    upstream.behave(hangs);
    const left = new AbortController();
    const before = upstream.requests.length;
    const call = client.chat.completions.create({ model: 'auto', messages }, { signal: left.signal });
    await expect.poll(() => upstream.requests.length).toBe(before + 1);
    left.abort();
    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await upstream.requests.at(-1)?.closed;
    upstream.behave(answers);
  });

  it('lists models', async () => {
    const ids: string[] = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain('auto');
  });
});
