import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** What Terraphim's clients send and read, field by field: nothing of them is changed to work with the gateway. */
describe('Terraphim AI', () => {
  let one: FaultServer;
  let two: FaultServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    one = await startFaultServer({ tokens: ['A', ' short', ' answer.'] });
    two = await startFaultServer({ tokens: ['A', ' short', ' answer.'] });
    const price = { input: 1, output: 2 };
    gateway = await startGateway({
      providers: {
        one: { kind: 'openai', baseUrl: `${one.url}/v1`, apiKey: 'provider-key' },
        two: { kind: 'anthropic', baseUrl: `${two.url}/v1`, apiKey: 'provider-key' },
      },
      models: [
        { id: 'small', provider: 'one', quality: 0.6, price },
        { id: 'large', provider: 'two', quality: 0.9, price: { input: 5, output: 9 } },
      ],
      routing: { default: 'large', strategy: 'cheapest' },
      roles: { engineer: { strategy: 'quality-first' } },
    });
  });
  afterEach(() => {
    one.always({ kind: 'ok' });
    two.always({ kind: 'ok' });
  });
  afterAll(async () => {
    await gateway.close();
    await one.close();
    await two.close();
  });

  // A 32-bit float as JSON writes it.
  const chat = {
    model: 'auto',
    messages: [
      { role: 'system', content: 'You help.' },
      { role: 'user', content: 'Hi' },
    ],
    temperature: 0.699_999_988_079_071,
    max_tokens: 1024,
  };
  const json = async (response: Response) => {
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
    return (await response.json()) as Record<string, unknown>;
  };

  it('1: its proxy client gets a chat completion without a key', async () => {
    const reply = await json(await gateway.post('/v1/chat/completions', chat));
    expect(reply).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'A short answer.' }, finish_reason: 'stop' }],
      usage: { total_tokens: expect.any(Number) },
    });
    expect(one.calls.at(-1)?.body).toEqual({ ...chat, model: 'small' });
  });

  it('3: lists models for its proxy client and its OpenRouter client', async () => {
    for (const path of ['/v1/models', '/models']) {
      const { data } = (await json(await gateway.get(path))) as { data: { id: string }[] };
      expect(data.map(({ id }) => id)).toEqual(expect.arrayContaining(['auto', 'small', 'role/engineer']));
    }
  });

  it('4: a role in the path applies, and a doubled slash does not matter', async () => {
    const role = await gateway.post('/role/engineer/v1/chat/completions', chat);
    expect(role.headers.get('x-signalbox-model')).toBe('large');
    expect((await gateway.post('//v1/chat/completions', chat)).status).toBe(200);
  });

  it.each(['/api/chat', '/v1/api/chat'])('5, 11: its Ollama clients get one object from %s', async (path) => {
    const { messages } = chat;
    const body = { model: 'llama3.2:3b', messages, stream: false, options: { temperature: 0.7, num_predict: 1024 } };
    const reply = await json(await gateway.post(path, body));
    expect(reply).toMatchObject({
      message: { role: 'assistant', content: 'A short answer.' },
      done: true,
      done_reason: 'stop',
      created_at: expect.any(String),
      prompt_eval_count: expect.any(Number),
      eval_count: 3,
      total_duration: expect.any(Number),
    });
    expect(one.calls.at(-1)?.body).toMatchObject({ temperature: 0.7, max_completion_tokens: 1024 });
  });

  it('7: Ollama’s lists and generate are there', async () => {
    const tags = (await json(await gateway.get('/api/tags'))) as { models: Record<string, unknown>[] };
    expect(tags.models[0]).toMatchObject({
      name: 'small',
      model: 'small',
      size: 0,
      digest: expect.any(String),
      details: {},
    });
    expect((await gateway.get('/api/version')).status).toBe(200);
    expect(await json(await gateway.post('/api/show', { model: 'small' }))).toHaveProperty('capabilities');
    const generate = { model: 'auto', prompt: 'Hi', stream: false };
    expect(await json(await gateway.post('/api/generate', generate))).toMatchObject({ response: 'A short answer.' });
  });

  it('8: names of Ollama’s and OpenRouter’s libraries are routed on Ollama’s wire', async () => {
    for (const model of ['llama3.2:3b', 'ollama/gemma3:270m', 'qwen/qwen3-coder:free']) {
      const body = { model, messages: [{ role: 'user', content: 'Hi' }], stream: false };
      expect((await gateway.post('/api/chat', body)).status).toBe(200);
    }
    const split = await gateway.post('/api/chat', { model: 'one:other', messages: [{ role: 'user', content: 'Hi' }] });
    expect(await split.json()).toEqual({ error: expect.stringContaining('one/other') });
  });

  it('9: its OpenRouter client’s path and headers are taken', async () => {
    const headers = {
      authorization: 'Bearer sk-or-1',
      'http-referer': 'https://terraphim.ai',
      'x-title': 'Terraphim AI',
    };
    expect((await gateway.post('/chat/completions', { ...chat, stream: false }, headers)).status).toBe(200);
  });

  it('12: its Anthropic adapter gets content and counts', async () => {
    const body = { model: 'auto', max_tokens: 64, messages: [{ role: 'user', content: 'Hi' }], stream: false };
    const reply = await json(await gateway.post('/v1/messages', body, { 'x-api-key': 'any' }));
    expect(reply).toMatchObject({
      content: [{ type: 'text', text: 'A short answer.' }],
      usage: { input_tokens: expect.any(Number), output_tokens: 3 },
    });
  });

  it('13: TinyClaw’s strict parser finds what it knows and nothing else', async () => {
    const body = { model: '', messages: [{ role: 'user', content: 'Hi' }], max_tokens: 4096 };
    const reply = await json(await gateway.post('/v1/messages', body, { authorization: 'Bearer ' }));
    expect(reply['content']).toEqual([{ type: 'text', text: 'A short answer.' }]);
    expect(reply['stop_reason']).toBe('end_turn');
    expect(Object.keys(reply['usage'] as object).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'input_tokens',
      'output_tokens',
    ]);
  });

  it('14: what TinyClaw forwards reaches the provider unchanged', async () => {
    const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
    const body = { ...chat, tools, response_format: { type: 'json_object' }, a_new_field: { kept: [1] } };
    const response = await gateway.post('/v1/chat/completions', { ...body, model: 'small', stream: true });
    expect((await response.text()).endsWith('data: [DONE]\n\n')).toBe(true);
    expect(one.calls.at(-1)?.body).toEqual({
      ...body,
      model: 'small',
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('15: its probes are answered', async () => {
    for (const path of ['/v1/messages', '/chat/completions', '/v1/chat/completions', '/api/tags', '/']) {
      expect((await gateway.get(path)).status).toBe(200);
    }
  });

  // Last: it leaves a breaker open.
  it('6: a provider that fails is fallen over from, and its client need not try again', async () => {
    one.always({ kind: 'error-500' });
    const body = { model: 'auto', messages: [{ role: 'user', content: 'Sum it up.' }], stream: false };
    const reply = await gateway.post('/api/chat', body);
    expect([reply.status, reply.headers.get('x-signalbox-model')]).toEqual([200, 'large']);
  });
});
