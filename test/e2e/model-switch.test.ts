import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultServer, type FaultServer } from '../mock-provider/faulty/server.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

let upstream: FaultServer;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startFaultServer({ tokens: ['Hi'] });
  const price = { input: 1, output: 2 };
  gateway = await startGateway({
    providers: { claude: { kind: 'anthropic', baseUrl: `${upstream.url}/v1`, apiKey: 'provider-key' } },
    models: [
      { id: 'one', provider: 'claude', model: 'claude-one', price },
      { id: 'two', provider: 'claude', model: 'claude-two', price },
    ],
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const system = [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }];
const body = (model: string) => ({
  model,
  max_tokens: 9,
  system,
  future_field: { kept: true },
  messages: [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'c2ln' },
        { type: 'text', text: 'Hello', future: 1 },
      ],
    },
    { role: 'user', content: 'And?' },
  ],
});

const ask = (model: string) => gateway.post('/v1/messages', body(model), { 'x-signalbox-session': 's1' });

describe('wire 20, 34, 35: a conversation', () => {
  it('keeps every byte but the model’s name while it stays with its model', async () => {
    await ask('one');
    const again = await ask('one');
    expect(again.headers.get('x-signalbox-warnings')).toBeNull();
    expect(upstream.calls[1]?.body).toEqual({ ...body('one'), model: 'claude-one' });
  });

  it('loses the other model’s signed thinking, and nothing else, when it moves', async () => {
    await ask('one');
    const moved = await ask('two');
    expect(moved.headers.get('x-signalbox-session')).toBe('switch');
    expect(moved.headers.get('x-signalbox-warnings')).toBe('dropped:reasoning');
    const sent = upstream.calls[1]?.body;
    const [first, second, third] = body('two').messages;
    expect(sent).toEqual({
      ...body('two'),
      model: 'claude-two',
      messages: [first, { ...second, content: [{ type: 'text', text: 'Hello', future: 1 }] }, third],
    });
  });
});

describe('Claude Code', () => {
  it('wire 33: its headers and unknown fields reach the provider, its session is one, and its probes are answered', async () => {
    const response = await gateway.post('/v1/messages?beta=true', body('one'), {
      'anthropic-beta': 'a-2026,b-2026',
      'anthropic-version': '2023-06-01',
      'x-claude-code-session-id': 'cc-1',
      'x-api-key': 'the-users-own',
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('x-signalbox-session')).toBe('initialize');
    expect((await gateway.get('/api/hello')).status).toBe(200);
    const models = (await (await gateway.get('/v1/models?limit=1000')).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toContain('claude-auto');
  });

  it('wire 40: auxiliary requests and compactions are for a cheap model, and a compacted context may move freely', async () => {
    const asking = { ...body('claude-auto'), messages: [{ role: 'user', content: 'A title?' }] };
    const strategy = async (headers: Record<string, string>) =>
      (await gateway.post('/v1/messages', asking, headers)).headers.get('x-signalbox-strategy');
    expect(await strategy({ 'x-claude-code-request-class': 'main' })).toBe('balanced');
    expect(await strategy({ 'x-claude-code-request-class': 'auxiliary' })).toBe('cost-first');
    expect(await strategy({ 'x-claude-code-request-class': 'compaction' })).toBe('cost-first');
  });
});
