import { describe, expect, it } from 'vitest';
import { hangs } from '../../mock-provider/mock-provider.ts';
import {
  lastLine,
  messageEnd,
  messageStart,
  named,
  PRICE,
  streamsEvents,
  tells,
  useOneUpstream,
} from '../../support/one-upstream.ts';

const one = useOneUpstream();

const asking = (model: string, rest: object = {}) => ({ model, messages: [{ role: 'user', content: 'Hi' }], ...rest });

describe('a client that looks around', () => {
  it('23: is told that Ollama is running', async () => {
    expect(await (await one.gateway.get('/')).text()).toBe('Ollama is running');
  });

  it.each(['/', '/api/version', '/api/tags', '/api/ps', '/api/chat', '/api/generate'])(
    '23: may send HEAD %s',
    async (path) => {
      const response = await fetch(one.gateway.url + path, { method: 'HEAD' });
      expect([response.status, await response.text()]).toEqual([200, '']);
    },
  );

  it('23: finds version, models, what a model can do and what runs', async () => {
    await one.start({
      models: [
        {
          id: 'llama',
          provider: 'ollama',
          model: 'llama-up',
          price: PRICE,
          contextWindow: 8000,
          capabilities: ['tools', 'vision'],
        },
      ],
    });
    const get = async (path: string) => Object(await (await one.gateway.get(path)).json());
    expect((await get('/api/version')).version).toMatch(/^\d+\.\d+\.\d+$/);
    const { models } = await get('/api/tags');
    expect(models).toContainEqual(
      expect.objectContaining({ name: 'llama', model: 'llama', digest: expect.stringMatching(/^[0-9a-f]{64}$/) }),
    );
    expect(await get('/api/ps')).toEqual({ models: [] });
    const shown = Object(await (await one.gateway.post('/api/show', { model: 'llama' })).json());
    expect(shown.capabilities).toEqual(['completion', 'tools', 'vision']);
    expect(shown.model_info[`${shown.model_info['general.architecture']}.context_length`]).toBe(8000);
  });
});

describe('an Ollama as an upstream', () => {
  const long = 'A word. '.repeat(20_000);

  it.each([
    ['an OpenAI', (content: string) => one.gateway.chat({ model: 'llama', messages: [{ role: 'user', content }] })],
    [
      'an Anthropic',
      (content: string) =>
        one.gateway.post('/v1/messages', { model: 'llama', max_tokens: 9, messages: [{ role: 'user', content }] }),
    ],
  ])('24: is told the size of the context by %s client’s request', async (_name, post) => {
    one.upstream.behave(tells(lastLine({ content: 'Hi' })));
    const sizes: number[] = [];
    for (const content of ['Hi', long]) {
      const response = await post(content);
      expect(response.status).toBe(200);
      expect(one.seen().at(-1)?.path).toBe('/api/chat');
      sizes.push(one.asked().options.num_ctx);
      // What was asked fits.
      const id = response.headers.get('x-signalbox-request-id') ?? '';
      const decision = one.gateway.engine.runtime.recent.request(id)?.intent.decision;
      expect(sizes.at(-1)).toBeGreaterThan(decision?.query.inputTokens ?? Infinity);
    }
    expect(sizes[0]).toBeLessThan(sizes[1] ?? 0);
  });

  it('24: keeps the size that its own client sets', async () => {
    one.upstream.behave(tells(lastLine({ content: 'Hi' })));
    await one.gateway.post('/api/chat', asking('llama', { stream: false, options: { num_ctx: 1234 } }));
    expect(one.asked().options).toEqual({ num_ctx: 1234 });
  });

  it.each([
    ['ollama', ['2', '2', '2', '2']],
    // Whoever does not load models is left alone after two silences.
    ['openai', ['2', '2', '1', '1']],
  ])('24: may load its model for long: silence opens no breaker (%s)', async (provider, attempts) => {
    const models = [
      { id: 'slow', provider, model: 'slow', quality: 0.9, price: PRICE },
      { id: 'other', provider: 'anthropic', model: 'other', quality: 0.8, price: PRICE },
    ];
    const timeouts = { firstToken: '20ms', firstTokenLocal: '20ms' };
    await one.start({ models, timeouts, routing: { default: 'slow', strategy: 'quality-first' } });
    const answers = streamsEvents(named(messageStart(), ...messageEnd()));
    one.upstream.behave((request, response) =>
      (request.path.endsWith('/messages') ? answers : hangs)(request, response),
    );
    const told: (string | null)[] = [];
    for (const _ of attempts) {
      const response = await one.gateway.post('/api/chat', asking('auto'));
      await response.text();
      told.push(response.headers.get('x-signalbox-attempts'));
    }
    expect(told).toEqual(attempts);
  });
});
