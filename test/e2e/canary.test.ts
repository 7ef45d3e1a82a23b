import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput, PromptSetting } from '../../src/config/schema.ts';
import {
  answers,
  json,
  resets,
  startMockProvider,
  streamEvents,
  type Behaviour,
  type MockProvider,
} from '../mock-provider/mock-provider.ts';
import { bytesIn, listening, tablesWith } from '../support/heard.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

/** A word that stands nowhere else, in a prompt. */
const CANARY = 'quokkazanzibar';
const PROMPT = `What does ${CANARY} with PIN vexquip say?`;

let gateway: TestGateway | undefined;
let upstream: MockProvider | undefined;

afterEach(async () => {
  await gateway?.close();
  await upstream?.close();
});

const PRICE = { input: 1, output: 2 };

async function start(prompts: PromptSetting, rest: Partial<ConfigInput> = {}) {
  upstream = await startMockProvider();
  const heard = listening();
  const { baseUrl } = upstream;
  gateway = await startGateway(
    {
      storage: { prompts },
      providers: {
        openai: { kind: 'openai', baseUrl, apiKey: 'provider-key' },
        anthropic: { kind: 'anthropic', baseUrl, apiKey: 'provider-key' },
        ollama: { kind: 'ollama', baseUrl: baseUrl.replace(/\/v1$/, '') },
      },
      models: [
        { id: 'gpt', provider: 'openai', model: 'gpt-up', price: PRICE },
        { id: 'claude', provider: 'anthropic', model: 'claude-up', price: PRICE },
        { id: 'llama', provider: 'ollama', model: 'llama-up', price: PRICE },
      ],
      timeouts: { firstToken: '300ms', total: '2s' },
      retries: { max: 0 },
      routing: {
        embedder: { kind: 'openai', provider: 'openai', model: 'embed', deadline: '100ms' },
      },
      ...rest,
    },
    { log: heard.log },
  );
  return { gateway, upstream, heard };
}

const user = (content: unknown = PROMPT) => [{ role: 'user', content }];
const MODELS = ['auto', 'gpt', 'claude', 'llama'];
const NAMES = { 'x-signalbox-session': 's', 'x-signalbox-user': 'u' };

/** Every kind of request that has a prompt: path and body. */
const requests: readonly (readonly [string, object])[] = [false, true].flatMap((stream) => [
  ...MODELS.map((model) => ['/v1/chat/completions', { model, stream, messages: user() }] as const),
  [
    '/v1/chat/completions',
    { model: 'auto', stream, messages: user([{ type: 'text', text: PROMPT }]), metadata: { q: PROMPT } },
  ],
  ['/v1/responses', { model: 'auto', stream, input: PROMPT, instructions: PROMPT }],
  ['/v1/messages', { model: 'auto', stream, max_tokens: 10, system: PROMPT, messages: user() }],
  ['/api/chat', { model: 'llama', stream, messages: user() }],
  ['/api/generate', { model: 'llama', stream, prompt: PROMPT }],
  ['/v1/embeddings', { model: 'gpt', input: PROMPT }],
  ['/api/embed', { model: 'gpt', input: PROMPT }],
  ['/v1/completions', { model: 'gpt', prompt: PROMPT }],
  ['/v1/moderations', { model: 'gpt', input: PROMPT }],
  ['/v1/messages/count_tokens', { model: 'claude', messages: user() }],
  ['/router/v1/route', { messages: user() }],
]);

const quoting = (body: string): object => ({
  error: {
    message: `cannot take ${JSON.stringify(body)}, for "${PROMPT.toUpperCase()}"`,
    type: 'invalid_request_error',
  },
});

/** Every way in which an upstream may fail: it quotes what it was asked wherever it can. */
const failures: readonly (readonly [string, Behaviour])[] = [
  ...[400, 401, 403, 404, 413, 429, 500, 503].map((status): [string, Behaviour] => [
    `status ${status}`,
    (request, response) => json(JSON.stringify(quoting(request.body)), status)(request, response),
  ]),
  ['a page', (request, response) => void response.writeHead(502).end(`<html>${request.body}</html>`)],
  ['plain words', (request, response) => void response.writeHead(500).end(`cannot ${request.body}`)],
  ['an error with status 200', (request, response) => json(JSON.stringify(quoting(request.body)))(request, response)],
  ['what is no JSON', (request, response) => json(`{"x": ${request.body.slice(0, 60)}`)(request, response)],
  [
    'an error inside a stream',
    (request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(streamEvents(['Hello'])[0]);
      response.end(`data: ${JSON.stringify(quoting(request.body))}\n\n`);
    },
  ],
  ['a reset', resets],
  ['silence', () => {}],
];

const lower = (text: string) => text.toLowerCase();

async function send(box: TestGateway, path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const response = await box.post(path, body, { ...NAMES, ...headers });
  // The caller's own: it may say what it was asked.
  await response.text();
}

/** Sends everything that may go wrong, and right. */
async function sendAll({ gateway: box, upstream: mock }: Awaited<ReturnType<typeof start>>): Promise<void> {
  mock.behave((request, response) => {
    if (!request.path.includes('chat/completions'))
      return json(JSON.stringify({ object: 'list', data: [] }))(request, response);
    return answers(request, response);
  });
  for (const [path, body] of requests) await send(box, path, body);
  const hi = { model: 'gpt', messages: user() };
  for (let n = 0; n < 2; n++) await send(box, '/v1/chat/completions', hi, { 'x-signalbox-cache': 'on' });
  await send(box, '/v1/chat/completions', hi, { 'x-signalbox-explain': 'true' });
  for (const [, fails] of failures) {
    mock.behave(fails);
    box.engine.runtime.memory.endCoolDowns();
    await Promise.all(requests.map(([path, body]) => send(box, path, body)));
  }
  // What is refused here.
  await send(box, '/v1/chat/completions', `{"messages": [{"role": "user", "content": ${PROMPT}}]}`);
  await send(box, '/v1/chat/completions', { model: 'auto', messages: PROMPT });
  await send(box, '/v1/chat/completions', {
    model: 'gpt',
    messages: [{ role: PROMPT, content: { [PROMPT]: PROMPT } }],
  });
  await send(box, '/v1/messages', { model: 'claude', messages: [{ role: 'user', content: [{ type: PROMPT }] }] });
  await send(box, '/router/v1/route', { messages: user(), strategy: 'no-such' });
  await send(box, '/router/v1/feedback', { comment: PROMPT });
}

describe('what was asked', () => {
  it.each<[PromptSetting, Readonly<Record<string, string>>]>([
    ['none', {}],
    ['features', {}],
    ['full', { 'x-signalbox-prompts': 'none' }],
  ])(
    'stands nowhere in log, metrics, journal and store with prompts: %s %j',
    async (setting, headers) => {
      const running = await start(setting);
      const { gateway: box, heard } = running;
      const { post } = box;
      await sendAll({
        ...running,
        gateway: { ...box, post: (path, body, given) => post(path, body, { ...given, ...headers }) },
      });
      const metrics = await (await box.get('/metrics')).text();
      const kept = await bytesIn(box.folder);
      await box.engine.ledger.flush();
      const stored = await box.engine.ledger.store.usage({ since: 0, until: Date.now() + 1 });
      // All of it was written down.
      expect(stored[0]?.requests).toBeGreaterThan(300);
      for (const text of [heard.text(), metrics, kept, await bytesIn(box.folder)]) {
        expect(lower(text)).not.toContain(CANARY);
        expect(text).not.toContain('vexquip');
      }
      expect(await tablesWith(box, CANARY)).toEqual({});
      const prompts = await box.engine.ledger.store.prompts({ limit: 1000 });
      expect(prompts.every(({ body }) => body === undefined)).toBe(true);
      expect(prompts.length > 0).toBe(setting === 'features');
    },
    60_000,
  );

  it('stands in the table of prompts and what failed calls said, and nowhere else, with prompts: full', async () => {
    const running = await start('full');
    await sendAll(running);
    const { gateway: box } = running;
    await box.engine.ledger.flush();
    const { prompts = 0, ...rest } = await tablesWith(box, CANARY);
    expect(prompts).toBeGreaterThan(100);
    expect(Object.keys(rest)).toEqual(['attempts']);
    const metrics = await (await box.get('/metrics')).text();
    expect(lower(metrics)).not.toContain(CANARY);
  }, 60_000);
});
