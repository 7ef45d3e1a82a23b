import { afterEach, describe, expect, it } from 'vitest';
import type { ConfigInput } from '../../src/config/schema.ts';
import { json, resets } from '../mock-provider/mock-provider.ts';
import { HOUSE_KEY, startCallersHosts, type CallersHosts } from '../support/caller-keys.ts';
import { asking } from '../support/gateway.ts';

const CANARY = 'sk-canary-0123456789-of-ann';
const OAUTH = 'sk-ant-oat01-canary-0123456789';
const JWT = 'eyJhbGciOiJub25lIn0.eyJjYW5hcnkiOjF9.c2lnbmF0dXJl';
const HOUSE = `Bearer ${HOUSE_KEY}`;
const bearer = (key = CANARY) => ({ authorization: `Bearer ${key}` });

let running: CallersHosts | undefined;
const start = async (change?: (base: ConfigInput) => Partial<ConfigInput>) =>
  (running = await startCallersHosts(change));

afterEach(async () => {
  await running?.close();
  running = undefined;
});

const told = async (response: Response): Promise<string> => `${response.status} ${await response.text()}`;
const messages = (rest: object = {}) => ({ max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...rest });
const headerOf = (name: string, key: string) => (name === 'authorization' ? bearer(key) : { [name]: key });
const withoutKeys = ({ providers }: ConfigInput, name: string): ConfigInput['providers'] =>
  Object.fromEntries(Object.entries(providers).filter(([other]) => other === name || other === 'house'));

describe('a caller’s own key', () => {
  it.each([false, true])(
    'reaches the host of its API in that host’s own header, and no other (streamed: %s)',
    async (stream) => {
      const { gateway, keys, elsewhere } = await start();
      type Host = 'openai' | 'anthropic' | 'ollama' | 'azure';
      const chat = (model: string) => asking('Hi', { model, stream });
      const claude = messages({ model: 'claude', stream });
      const key = (start = 'sk-canary-0123456789-') => `${start}${asks.length}`;
      const asks: [path: string, body: object, sent: Record<string, string>, host: Host, seen: object][] = [];
      const add = (path: string, body: object, sent: string, host: Host, seen: string, value = key()) =>
        asks.push([path, body, headerOf(sent, value), host, headerOf(seen, value)]);
      add('/v1/chat/completions', chat('gpt'), 'authorization', 'openai', 'authorization');
      add('/v1/chat/completions', chat('gpt'), 'x-api-key', 'openai', 'authorization');
      add('/v1/messages?beta=true', claude, 'x-api-key', 'anthropic', 'x-api-key');
      add('/v1/messages', claude, 'authorization', 'anthropic', 'x-api-key');
      add('/v1/messages', claude, 'authorization', 'anthropic', 'authorization', key('sk-ant-oat01-canary-'));
      add('/api/chat', chat('llama'), 'authorization', 'ollama', 'authorization');
      add('/v1/chat/completions', chat('deployed'), 'authorization', 'azure', 'api-key');
      add('/v1/chat/completions', chat('deployed'), 'api-key', 'azure', 'api-key');
      add('/v1/chat/completions', chat('deployed'), 'authorization', 'azure', 'authorization', `${JWT}0`);
      for (const [path, body, sent, host, seen] of asks) {
        const response = await gateway.post(path, body, sent);
        expect(await told(response)).toMatch(/^200 /);
        expect([path, keys(host)]).toEqual([path, seen]);
        const [value = ''] = Object.values(sent);
        expect(elsewhere(host)).not.toContain(value.replace('Bearer ', ''));
      }
    },
  );

  it('is Claude Code’s login: the token and what it says of it, as they came', async () => {
    const { gateway, hosts, keys, calls } = await start();
    const beta = 'claude-code-20250219,oauth-2025-04-20';
    const headers = { ...bearer('a-token-of-another-form'), 'anthropic-beta': beta, 'anthropic-version': '2023-06-01' };
    const response = await gateway.post('/v1/messages?beta=true', messages({ model: 'claude', stream: true }), headers);
    expect(await told(response)).toContain('200 event: message_start');
    expect(keys('anthropic')).toEqual(bearer('a-token-of-another-form'));
    expect(hosts.anthropic.requests[0]?.headers).toMatchObject({ 'anthropic-beta': beta });
    expect(calls()).toEqual({ anthropic: 1 });
  });

  it('goes with Responses and what is passed on', async () => {
    const { gateway, keys, calls } = await start();
    const asked = await gateway.post('/v1/responses', { model: 'gpt', input: 'Hi' }, bearer());
    expect([asked.status, keys('openai')]).toEqual([200, bearer()]);
    const passed = await gateway.post('/v1/moderations', { model: 'gpt', input: 'Hi' }, bearer());
    expect([passed.status, keys('openai')]).toEqual([200, bearer()]);
    const listed = await gateway.get('/v1/files', { ...bearer(), 'x-signalbox-provider': 'azure' });
    expect([listed.status, keys('azure')]).toEqual([200, { 'api-key': CANARY }]);
    const house = await gateway.get('/v1/files', { ...bearer(), 'x-signalbox-provider': 'house' });
    expect([house.status, keys('house')]).toEqual([200, { authorization: HOUSE }]);
    expect(calls()).toEqual({ openai: 2, azure: 1, house: 1 });
  });

  it('is translated with the request', async () => {
    const { gateway, keys, calls } = await start();
    const response = await gateway.post('/v1/messages', messages({ model: 'gpt' }), {
      'x-api-key': CANARY,
      'x-signalbox-key-for': 'openai',
    });
    expect([response.status, keys('openai'), calls()]).toEqual([200, bearer(), { openai: 1 }]);
  });

  it('never reaches another vendor because a name or a choice leads there', async () => {
    const { gateway, calls, elsewhere, keys } = await start();
    // An alias of a model at OpenAI.
    const alias = await gateway.post('/v1/messages', messages({ model: 'claude-haiku-4' }), bearer(OAUTH));
    expect(await told(alias)).toMatch(/^401 .*the one that was sent is for provider .*anthropic/);
    expect(calls()).toEqual({});
    for (const strategy of ['largest', 'cheapest', 'quality-first']) {
      const headers = { ...bearer(OAUTH), 'x-signalbox-strategy': strategy };
      expect((await gateway.post('/v1/messages', messages({ model: 'auto' }), headers)).status).toBe(200);
    }
    expect(keys('house')).toEqual({ authorization: HOUSE });
    expect(elsewhere('anthropic')).not.toContain('canary');
    // Two hosts of OpenAI's API: nobody can tell whose it is, unless the model or the caller says so.
    const largest = { 'x-signalbox-strategy': 'largest' };
    const routed = await gateway.chat(asking('Hi'), { ...bearer(), ...largest });
    expect(routed.headers.get('x-signalbox-model')).toBe('own');
    const said = await gateway.chat(asking('Hi'), { ...bearer(), ...largest, 'x-signalbox-key-for': 'azure' });
    expect([said.headers.get('x-signalbox-model'), keys('azure')]).toEqual(['deployed', { 'api-key': CANARY }]);
    const nobody = await gateway.chat(asking('Hi'), { ...bearer(), 'x-signalbox-key-for': 'house' });
    expect(await told(nobody)).toMatch(/^400 .*x-signalbox-key-for: no provider .*house.* takes callers’ keys/);
  });

  it('stays behind when another provider answers in the place of its own', async () => {
    const { gateway, hosts, elsewhere, keys, calls } = await start(() => ({
      routing: { default: 'own', fallbacks: ['claude', 'deployed', 'own'] },
    }));
    hosts.openai.behave(resets);
    const response = await gateway.chat(asking('Hi', { model: 'gpt' }), bearer());
    expect([response.status, response.headers.get('x-signalbox-model')]).toEqual([200, 'own']);
    expect([keys('house'), calls()]).toEqual([{ authorization: HOUSE }, { openai: 1, house: 1 }]);
    expect(elsewhere('openai')).not.toContain('canary');
  });

  it('goes again with a retry, and stays behind when a broken stream is gone on with', async () => {
    const { gateway, hosts, elsewhere, calls } = await start(() => ({
      retries: { max: 1 },
      routing: { default: 'own', fallbacks: ['own'] },
    }));
    hosts.openai.behave((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const delta = {
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model: 'm',
        choices: [{ index: 0, delta: { content: 'Hel' }, finish_reason: null }],
      };
      response.write(`data: ${JSON.stringify(delta)}\n\n`, () => response.socket?.resetAndDestroy());
    });
    const broken = await gateway.chat(asking('Hi', { model: 'gpt', stream: true }), bearer());
    expect(await broken.text()).toContain('[DONE]');
    expect(calls()).toMatchObject({ openai: 1, house: 1 });
    expect(elsewhere('openai')).not.toContain('canary');
    hosts.openai.behave(resets);
    await gateway.chat(asking('Hi', { model: 'gpt' }), bearer());
    expect(calls()).toMatchObject({ openai: 3 });
    expect(hosts.openai.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(3).fill(`Bearer ${CANARY}`),
    );
  });

  it.each([301, 302, 307, 308])('follows no redirect (%i)', async (status) => {
    const { gateway, hosts, calls } = await start();
    hosts.openai.behave(json('{}', status, { location: `${hosts.house.baseUrl}/chat/completions` }));
    expect((await gateway.chat(asking('Hi', { model: 'gpt' }), bearer())).status).toBeGreaterThanOrEqual(400);
    hosts.openai.behave(json('{}', status, { location: `${hosts.house.baseUrl}/moderations` }));
    await gateway.post('/v1/moderations', { model: 'gpt', input: 'Hi' }, bearer());
    expect(calls()).toEqual({ openai: 2 });
  });
});

describe('without a caller’s own key', () => {
  it('a model of such a provider is refused with advice, whatever fallbacks are written', async () => {
    const { gateway, calls } = await start(() => ({ routing: { default: 'own', fallbacks: ['own'] } }));
    const advice = 'the request brings none: send it as authorization: Bearer, x-api-key or api-key';
    for (const [path, body] of [
      ['/v1/chat/completions', asking('Hi', { model: 'gpt' })],
      ['/v1/chat/completions', asking('Hi', { model: 'openai/gpt-up', stream: true })],
      ['/v1/messages', messages({ model: 'claude' })],
      ['/v1/responses', { model: 'gpt', input: 'Hi' }],
      ['/api/chat', asking('Hi', { model: 'llama' })],
      ['/v1/moderations', { model: 'gpt', input: 'Hi' }],
    ] as const) {
      expect(await told(await gateway.post(path, body))).toMatch(new RegExp(`^401 .*${advice}`));
    }
    const unnamed = await gateway.get('/v1/files', { 'x-signalbox-provider': 'openai' });
    expect(await told(unnamed)).toContain(advice);
    expect(calls()).toEqual({});
  });

  it('a model is no candidate, and the decision says why', async () => {
    const { gateway, calls } = await start();
    const response = await gateway.chat(asking('Hi'), { 'x-signalbox-strategy': 'largest' });
    expect(response.headers.get('x-signalbox-model')).toBe('own');
    const entry = await gateway.entryOf(response);
    const dropped = entry?.intent.decision.dropped.map(({ model, why }) => `${model} ${why}`);
    expect(dropped).toEqual(['gpt', 'claude', 'llama', 'deployed'].map((model) => `${model} caller-key`));
    expect(calls()).toEqual({ house: 1 });
  });

  it('a model is called where it needs none', async () => {
    const { gateway, calls, keys } = await start(({ models }) => ({
      models: [
        ...models,
        {
          id: 'both',
          upstreams: ['anthropic', 'openai', 'house'].map((provider) => ({
            provider,
            model: 'up',
            price: { input: 1, output: 2 },
          })),
        },
      ],
    }));
    for (const stream of [false, true]) {
      expect((await gateway.chat(asking('Hi', { model: 'both', stream }))).status).toBe(200);
    }
    expect((await gateway.post('/v1/moderations', { model: 'both', input: 'Hi' })).status).toBe(200);
    expect(calls()).toEqual({ house: 3 });
    expect((await gateway.chat(asking('Hi', { model: 'both' }), bearer())).status).toBe(200);
    expect([calls(), keys('openai')]).toEqual([{ openai: 1, house: 3 }, bearer()]);
  });

  it('nobody answers where every provider wants one', async () => {
    const { gateway, calls } = await start((base) => ({
      providers: withoutKeys(base, 'openai'),
      models: base.models.filter(({ id }) => id === 'gpt'),
      routing: {},
    }));
    expect(await told(await gateway.chat(asking('Hi')))).toMatch(/^401 .*no model can be called for this request/);
    expect(calls()).toEqual({});
  });

  it('/router/v1/route says the same', async () => {
    const { gateway } = await start();
    const ask = (headers = {}) => gateway.post('/router/v1/route', asking('Hi', { strategy: 'largest' }), headers);
    expect(await (await ask()).json()).toMatchObject({ decision: { chosen: 'own' } });
    const own = await ask({ ...bearer(), 'x-signalbox-key-for': 'openai' });
    expect(await own.json()).toMatchObject({ decision: { chosen: 'gpt' } });
  });
});

describe('what the provider says of a caller’s own key', () => {
  const refusals: readonly [string, number, Record<string, string>, number][] = [
    ['unknown', 401, {}, 401],
    ['not allowed', 403, {}, 403],
    ['without credit', 402, {}, 402],
    ['limited', 429, { 'retry-after': '3600' }, 429],
  ];

  it.each(refusals)('is told to the caller and concerns nobody else: %s', async (_name, status, headers, expected) => {
    const { gateway, hosts, calls } = await start(() => ({ routing: { default: 'own', fallbacks: [] } }));
    const words = `{"error":{"message":"Incorrect API key provided: sk-ca****-ann, that is ${CANARY}","code":"odd"}}`;
    hosts.openai.behave((request, response) =>
      request.headers.authorization === `Bearer ${CANARY}`
        ? json(words, status, headers)(request, response)
        : json('{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}]}')(
            request,
            response,
          ),
    );
    for (let n = 0; n < 3; n++) {
      const refused = await gateway.chat(asking('Hi', { model: 'gpt' }), bearer());
      const text = await refused.text();
      expect([refused.status, text]).toEqual([expected, expect.stringContaining('"code":"odd"')]);
      expect(text).not.toMatch(/canary|sk-ca|ann/);
      expect((await gateway.chat(asking('Hi', { model: 'gpt' }), bearer('sk-another-0123456789'))).status).toBe(200);
    }
    expect(calls()).toEqual({ openai: 6 });
    const { memory } = gateway.engine.runtime;
    expect(
      gateway.engine
        .snapshot()
        .catalog.byId.get('gpt')
        ?.upstreams.map((one) => memory.cooling(one, { inputTokens: 1, keys: () => 1, concurrency: () => undefined })),
    ).toEqual([undefined]);
  });

  it.each([401, 402, 403])('spends nobody else’s key (%i)', async (status) => {
    const { gateway, hosts, calls } = await start(() => ({ routing: { default: 'own', fallbacks: ['own'] } }));
    hosts.openai.behave(json('{"error":{"message":"no"}}', status));
    for (const stream of [false, true]) {
      expect((await gateway.chat(asking('Hi', { model: 'gpt', stream }), bearer())).status).toBe(status);
    }
    expect(calls()).toEqual({ openai: 2 });
  });

  it('is said in the caller’s dialect where the provider speaks another', async () => {
    const { gateway, hosts } = await start();
    const headers = { ...bearer(), 'x-signalbox-key-for': 'openai' };
    for (const [status, type] of [
      [401, 'authentication_error'],
      [403, 'permission_error'],
      [402, 'permission_error'],
    ] as const) {
      hosts.openai.behave(json(`{"error":{"message":"no: ${CANARY}"}}`, status));
      const refused = await gateway.post('/v1/messages', messages({ model: 'gpt' }), headers);
      const text = await refused.text();
      expect([refused.status, JSON.parse(text)]).toMatchObject([status === 401 ? 401 : 403, { error: { type } }]);
      expect(text).not.toContain('canary');
    }
  });

  it('teaches nothing about rate limits', async () => {
    const { gateway, hosts } = await start();
    hosts.openai.behave(
      json('{"choices":[{"index":0,"message":{"role":"assistant","content":"Hi."},"finish_reason":"stop"}]}', 200, {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1h',
      }),
    );
    const wishes = { 'x-signalbox-strategy': 'largest', 'x-signalbox-key-for': 'openai' };
    for (const key of [CANARY, CANARY, 'sk-another-0123456789']) {
      const { headers } = await gateway.chat(asking('Hi'), { ...bearer(key), ...wishes });
      expect([headers.get('x-signalbox-model'), headers.get('x-ratelimit-remaining-requests')]).toEqual(['gpt', '0']);
    }
  });

  it('comes back as it is from what is passed on', async () => {
    const { gateway, hosts } = await start();
    hosts.openai.behave(json(`{"error":{"message":"no: ${CANARY}","code":"odd"}}`, 401));
    const refused = await gateway.post('/v1/moderations', { model: 'gpt', input: 'Hi' }, bearer());
    expect(await told(refused)).toBe('401 {"error":{"message":"no: [key]","code":"odd"}}');
    hosts.openai.behave(json('{"id":"modr-1"}'));
    expect((await gateway.post('/v1/moderations', { model: 'gpt', input: 'Hi' }, bearer())).status).toBe(200);
  });
});

describe('a Signalbox key beside it', () => {
  const OURS = 'sb-0123456789-of-the-house';
  const required = (): Partial<ConfigInput> => ({
    auth: { mode: 'required', keys: [{ name: 'ann', key: OURS }] },
  });

  it('stands in x-signalbox-key, so that clients keep their header for the provider', async () => {
    const { gateway, keys } = await start(required);
    const response = await gateway.chat(asking('Hi', { model: 'gpt' }), { ...bearer(), 'x-signalbox-key': OURS });
    expect([response.status, keys('openai')]).toEqual([200, bearer()]);
    expect((await gateway.entryOf(response))?.intent.request.key).toBe('ann');
    const swapped = await gateway.chat(asking('Hi', { model: 'gpt' }), { ...bearer(OURS), 'x-api-key': CANARY });
    expect([swapped.status, keys('openai')]).toEqual([200, bearer()]);
    expect(await told(await gateway.chat(asking('Hi', { model: 'gpt' }), bearer()))).toContain('401');
    for (const wrong of [CANARY, 'sb-0123456789-of-nobody', '', `Bearer ${OURS}`]) {
      const refused = await gateway.chat(asking('Hi', { model: 'gpt' }), {
        ...bearer(OURS),
        'x-api-key': CANARY,
        'x-signalbox-key': wrong,
      });
      expect([wrong, refused.status]).toEqual([wrong, 401]);
    }
  });

  it('is forwarded by no way', async () => {
    const { gateway, calls, elsewhere } = await start(required);
    const known = { 'x-signalbox-key': OURS };
    const disguises = [
      OURS,
      `Bearer ${OURS}`,
      `Bearer  ${OURS}`,
      `x,${OURS}`,
      `key=${OURS}`,
      `"${OURS}"`,
      OURS.toUpperCase(),
      OURS.replace('sb', 'Sb'),
    ];
    for (const value of disguises) {
      for (const name of ['authorization', 'x-api-key', 'api-key']) {
        for (const body of [asking('Hi', { model: 'gpt' }), asking('Hi', { model: 'deployed' })]) {
          const sent = name === 'authorization' && !value.startsWith('Bearer') ? `Bearer ${value}` : value;
          const refused = await gateway.chat(body, { ...known, [name]: sent });
          expect([name, value, refused.status]).toEqual([name, value, 401]);
        }
      }
    }
    expect(calls()).toEqual({});
    expect(
      (
        await gateway.chat(asking('Hi', { model: 'gpt' }), {
          ...known,
          ...bearer(),
          'x-api-key': OURS,
          'api-key': OURS,
        })
      ).status,
    ).toBe(200);
    expect(calls()).toEqual({ openai: 1 });
    expect(elsewhere('house').toLowerCase()).not.toContain(OURS);
  });
});
