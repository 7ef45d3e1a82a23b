import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answers,
  json,
  startMockProvider,
  type Behaviour,
  type MockProvider,
} from '../../mock-provider/mock-provider.ts';
import { CLIENT_DIALECTS } from '../../support/dialects.ts';
import { asking, startGateway, type TestGateway } from '../../support/gateway.ts';

const secretOf = (name: string) => `sb-0123456789-key-of-${name}`;
const by = (name: string) => ({ authorization: `Bearer ${secretOf(name)}` });
const key = (name: string, rest: object = {}) => ({ name, key: secretOf(name), ...rest });

let upstream: MockProvider;
let gateway: TestGateway;

/** Answers chat and responses; the latter with an id of their own. */
const answersAll: Behaviour = (request, response) => {
  if (request.path.endsWith('/embeddings'))
    return json(
      '{"object":"list","data":[{"object":"embedding","index":0,"embedding":[1]}],"usage":{"prompt_tokens":1}}',
    )(request, response);
  if (!request.path.endsWith('/responses')) return answers(request, response);
  const message = {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text: 'Hello', annotations: [] }],
  };
  const body = {
    id: 'resp_of_ann',
    object: 'response',
    status: 'completed',
    model: 'up',
    output: [message],
    usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  };
  return json(JSON.stringify(body))(request, response);
};

beforeAll(async () => {
  upstream = await startMockProvider();
  const { baseUrl } = upstream;
  const price = { input: 1, output: 2 };
  gateway = await startGateway({
    providers: {
      one: { kind: 'openai', baseUrl, apiKey: 'provider-key-1', allowUnpriced: true },
      hidden: { kind: 'openai', baseUrl, apiKey: 'provider-key-2', allowUnpriced: true },
    },
    models: [
      {
        id: 'open',
        provider: 'one',
        model: 'up-open',
        price,
        quality: 0.5,
        contextWindow: 100_000,
        aliases: ['gpt-*'],
      },
      {
        id: 'secret-model',
        provider: 'hidden',
        model: 'up-secret',
        price,
        quality: 0.99,
        aliases: ['vip*', 'gpt-vip'],
      },
    ],
    roles: { clerk: { models: ['open'] }, 'secret-role': {} },
    auth: {
      mode: 'required',
      keys: [
        key('root', { admin: true }),
        key('ann'),
        key('bob'),
        key('few', { models: ['open'], roles: ['clerk'] }),
        key('limited', { limits: { rpm: 2 } }),
      ],
    },
  });
});

beforeEach(() => upstream.behave(answersAll));

afterAll(async () => {
  await gateway.close();
  await upstream.close();
});

const seenSince = async (work: () => Promise<unknown>) => {
  const before = upstream.requests.length;
  await work();
  return upstream.requests.slice(before);
};

describe('what one key left', () => {
  it('at a provider is not gone on with by another, however it is named', async () => {
    const first = await gateway.post(
      '/v1/responses',
      { model: 'open', input: 'My word is plum.', conversation: 'conv_ann' },
      by('ann'),
    );
    expect(first.status).toBe(200);
    await first.text();
    const ways = [
      { previous_response_id: 'resp_of_ann' },
      { conversation: 'conv_ann' },
      { conversation: { id: 'conv_ann' } },
      { previous_response_id: 'resp_of_ann', conversation: null },
    ];
    for (const way of ways) {
      for (const stream of [false, true]) {
        const seen = await seenSince(async () => {
          const response = await gateway.post(
            '/v1/responses',
            { model: 'open', input: 'What is it?', stream, ...way },
            by('bob'),
          );
          expect(response.status, JSON.stringify(way)).toBe(400);
          await response.text();
        });
        expect(seen).toEqual([]);
      }
    }
    expect(
      (
        await gateway.post(
          '/v1/responses',
          { model: 'open', input: 'Go on', previous_response_id: 'resp_of_ann' },
          by('ann'),
        )
      ).status,
    ).toBe(200);
  });

  it('in the cache is not told to another', async () => {
    const ask = (name: string, headers: object = {}) =>
      gateway.chat(asking('The very same', { model: 'open' }), { ...by(name), 'x-signalbox-cache': 'on', ...headers });
    const how: (string | null)[] = [];
    const seen = await seenSince(async () => {
      for (const name of ['ann', 'ann', 'bob', 'few']) {
        const response = await ask(name);
        await response.text();
        how.push(response.headers.get('x-signalbox-cache'));
      }
      // Nor to two that ask at once.
      const both = await Promise.all(['ann', 'bob'].map((name) => ask(name, { 'openai-beta': 'x' })));
      await Promise.all(both.map((response) => response.text()));
    });
    expect(how.map((word) => word === 'hit')).toEqual([false, true, false, false]);
    expect(seen).toHaveLength(5);
  });

  it('in a session neither leads nor is told another', async () => {
    const turn = async (name: string) => {
      const response = await gateway.chat(asking('Hi'), { ...by(name), 'x-signalbox-session': 'shared-name' });
      await response.text();
      return response.headers.get('x-signalbox-session');
    };
    expect([await turn('ann'), await turn('bob'), await turn('ann')]).toEqual(['initialize', 'initialize', 'retain']);
    await gateway.engine.ledger.flush();
    const list = await (await gateway.get('/router/v1/decisions?session=shared-name', by('bob'))).json();
    expect((list as { data: unknown[] }).data).toHaveLength(1);
  });

  it('is not found by guessing: ids next to its own, doubled parameters, other spellings of the path', async () => {
    const own = await gateway.chat(asking('Hi', { model: 'open' }), by('bob'));
    const other = await gateway.chat(asking('Hi', { model: 'open' }), by('ann'));
    await Promise.all([own.text(), other.text()]);
    await gateway.engine.ledger.flush();
    const id = other.headers.get('x-signalbox-request-id') ?? '';
    for (const path of [
      `/router/v1/decisions/${id}`,
      `/router/v1/decisions/${id.toUpperCase()}`,
      `/router/v1/decisions/%${id.codePointAt(0)?.toString(16)}${id.slice(1)}`,
      `/router/v1//decisions//${id}`,
      `/role/clerk/router/v1/decisions/${id}`,
      `/router/v1/decisions/${id}/replay/`,
      `/router/v1/decisions/x%2f..%2f${id}`,
    ]) {
      expect([403, 404], path).toContain((await gateway.get(path, by('bob'))).status);
    }
    for (const query of [
      '?key=ann',
      '?key=ann&key=bob',
      `?after=zzzz&limit=500`,
      '?by=key&key=ann',
      '?scope=all&admin=true',
    ]) {
      const told = await (await gateway.get(`/router/v1/decisions${query}`, by('bob'))).text();
      expect(told, query).not.toContain(id);
      const sums = await (await gateway.get(`/router/v1/usage${query.replace('limit', 'x')}`, by('bob'))).text();
      expect(sums, query).not.toContain('"ann"');
    }
  });
});

describe('a key of few models and roles', () => {
  const NAMES = [
    'secret-model',
    'SECRET-MODEL',
    ' secret-model ',
    'secret%2Dmodel',
    '%73ecret-model',
    'ollama/secret-model',
    'ns::secret-model',
    'a::b::secret-model',
    'vip-1',
    'VIP',
    'gpt-vip',
    'hidden/up-secret',
    'hidden:up-secret',
    'hidden,up-secret',
    'HIDDEN/UP-SECRET',
    'hidden/other',
    'one/up-secret',
    'one/other',
    'hidden%2Fup-secret',
    'ollama/hidden/up-secret',
    'x::hidden/up-secret',
    'role/secret-role',
    'ROLE/SECRET-ROLE',
    'role/secret%2Drole',
    'role%2Fsecret-role',
    'ollama/role/secret-role',
    'secret-model:latest',
    'open,secret-model',
    'hidden/../one/up-open',
  ];
  const HEADERS: readonly Readonly<Record<string, string>>[] = [
    { 'x-signalbox-role': 'secret-role' },
    { 'x-signalbox-role': 'SECRET%2DROLE' },
    { 'x-signalbox-strategy': 'quality-first' },
    { 'x-signalbox-strategy': 'largest' },
    { 'x-signalbox-strategy': 'random' },
    { 'x-signalbox-provider': 'hidden' },
    { 'x-signalbox-model': 'secret-model' },
    { 'x-signalbox-session': 's', 'x-claude-code-request-class': 'auxiliary' },
  ];

  it('reaches no other by any name, in any dialect', async () => {
    const seen = await seenSince(async () => {
      for (const model of NAMES) {
        for (const { path, body } of CLIENT_DIALECTS) {
          await (await gateway.post(path, { ...body('Hi', false), model }, by('few'))).text();
        }
        await (await gateway.post('/v1/embeddings', { model, input: 'Hi' }, by('few'))).text();
        await (await gateway.post('/api/embed', { model, input: 'Hi' }, by('few'))).text();
        await (await gateway.post('/v1/completions', { model, prompt: 'Hi' }, by('few'))).text();
        await (await gateway.post('/v1/moderations', { model, input: 'Hi' }, by('few'))).text();
      }
    });
    for (const { headers, body } of seen) {
      expect(headers.authorization, body).toBe('Bearer provider-key-1');
      expect(body).toMatch(/"model":"up-open"/);
    }
  });

  it('reaches no other by a header, a path or a role', async () => {
    const seen = await seenSince(async () => {
      for (const headers of HEADERS) {
        for (const path of [
          '/v1/chat/completions',
          '/role/clerk/v1/chat/completions',
          '/role/secret-role/v1/chat/completions',
          '/role/SECRET%2drole/v1/chat/completions',
          '/role/clerk/role/secret-role/v1/chat/completions',
          '//role//secret-role/v1/chat/completions',
        ]) {
          await (await gateway.chat(asking('Hi'), { ...by('few'), ...headers }, path)).text();
        }
        await (await gateway.get('/v1/files', { ...by('few'), ...headers })).text();
      }
    });
    for (const { headers, body } of seen) {
      expect(headers.authorization).toBe('Bearer provider-key-1');
      expect(body).toMatch(/"model":"up-open"/);
    }
  });

  it('is told of no other: in lists, decisions, explanations and errors', async () => {
    const told: (readonly [string, string])[] = [];
    const note = async (what: string, response: Response) =>
      told.push([what, (await response.text()) + JSON.stringify([...response.headers])]);
    for (const path of ['/v1/models', '/router/v1/models', '/api/tags', '/router/v1/key', '/v1/models/secret'])
      await note(path, await gateway.get(path, by('few')));
    const explain = { ...by('few'), 'x-signalbox-explain': 'true' };
    const answer = await gateway.chat(asking('Hi'), explain);
    await note('explained', answer);
    await note('streamed', await gateway.chat(asking('Hi', { stream: true }), explain));
    await note('route', await gateway.post('/router/v1/route', asking('Hi'), by('few')));
    await gateway.engine.ledger.flush();
    const id = answer.headers.get('x-signalbox-request-id') ?? '';
    await note('decision', await gateway.get(`/router/v1/decisions/${id}`, by('few')));
    await note('replay', await gateway.get(`/router/v1/decisions/${id}/replay`, by('few')));
    // Its administrator is told.
    expect(await (await gateway.get(`/router/v1/decisions/${id}`, by('root'))).text()).toContain('"why":"key"');
    await note('usage', await gateway.get('/router/v1/usage?by=model', by('few')));
    for (const model of ['secret-mode', 'secret', 'vi', 'role/secret', 'role/x'])
      await note(`model ${model}`, await gateway.chat(asking('Hi', { model }), by('few')));
    await note('embeddings', await gateway.post('/v1/embeddings', { model: 'auto', input: 'Hi' }, by('few')));
    const far = { ...asking('word '.repeat(100)), tools: [{ type: 'function', function: { name: 'f' } }] };
    await note('none left', await gateway.chat({ ...far, max_tokens: 1e9 }, by('few')));
    await note('role', await gateway.chat(asking('Hi'), { ...by('few'), 'x-signalbox-role': 'secret-rol' }));
    await note('path', await gateway.get('/role/x/v1/models', by('few')));
    await note('show', await gateway.post('/api/show', { model: 'secret-mode' }, by('few')));
    await note('passed on', await gateway.post('/v1/moderations', { model: 'x', input: 'Hi' }, by('few')));
    const leaks = told
      .filter(([, text]) => /secret-model|secret-role|hidden|up-secret/.test(text))
      .map(([what, text]) => `${what}: ${/.{60}(?:secret-model|secret-role|hidden|up-secret).{30}/.exec(text)?.[0]}`);
    expect(leaks).toEqual([]);
  });
});

describe('a limit of requests', () => {
  it('counts them whatever they are: streamed, in any dialect, embeddings, passed on', async () => {
    const asks: (() => Promise<Response>)[] = [
      ...CLIENT_DIALECTS.flatMap(({ path, body }) =>
        [false, true].map(
          (stream) => () => gateway.post(path, { ...body('Hi', stream), model: 'open' }, by('limited')),
        ),
      ),
      () => gateway.post('/v1/embeddings', { model: 'open', input: 'Hi' }, by('limited')),
      () => gateway.post('/v1/moderations', { model: 'open', input: 'Hi' }, by('limited')),
      () => gateway.post('/v1/chat/completions', asking('Hi', { model: 'open' }), { 'x-api-key': secretOf('limited') }),
      () =>
        gateway.post('/v1/chat/completions', asking('Hi', { model: 'open' }), {
          ...by('limited'),
          'x-forwarded-for': '9.9.9.9',
        }),
    ];
    const seen = await seenSince(async () => {
      const statuses: number[] = [];
      for (const ask of asks) {
        const response = await ask();
        await response.text();
        statuses.push(response.status);
      }
      expect(statuses.slice(0, 2)).toEqual([200, 200]);
      expect(new Set(statuses.slice(2))).toEqual(new Set([429]));
    });
    expect(seen).toHaveLength(2);
  });
});
