import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const header = (name: string) => ({ authorization: `Bearer sb-0123456789-key-of-${name}` });
const key = (name: string, rest: object = {}) => ({ name, key: `sb-0123456789-key-of-${name}`, ...rest });

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    roles: { writer: {}, engineer: {} },
    auth: {
      mode: 'required',
      keys: [
        key('root', { admin: true }),
        key('ann'),
        key('bob'),
        key('small', { models: ['mini*'], roles: ['Writer'] }),
        key('asks', { scopes: ['inference'] }),
        key('reads', { scopes: ['usage'] }),
        key('rates', { scopes: ['feedback'] }),
      ],
    },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const read = async (path: string, name: string) => {
  const response = await gateway.get(path, header(name));
  return { status: response.status, body: (await response.json()) as { data: Record<string, unknown>[] } };
};
const rate = async (name: string, body: object) =>
  (await gateway.post('/router/v1/feedback', { score: 1, ...body }, header(name))).status;

describe('a key', () => {
  it('sees, replays and scores its own requests only; an administrator all of them', async () => {
    const response = await gateway.chat(asking('Hi'), { ...header('ann'), 'x-signalbox-session': 's1' });
    await response.text();
    const id = response.headers.get('x-signalbox-decision-id') ?? '';
    // Whether memory still has it, or only the store.
    for (const flushed of [false, true]) {
      if (flushed) await gateway.engine.ledger.flush();
      for (const path of [`/router/v1/decisions/${id}`, `/router/v1/decisions/${id}/replay`]) {
        expect((await read(path, 'bob')).status, path).toBe(404);
        expect((await read(path, 'ann')).status, path).toBe(200);
        expect((await read(path, 'root')).status, path).toBe(200);
      }
      expect(await rate('bob', { decisionId: id })).toBe(404);
      expect(await rate('bob', { session: 's1' })).toBe(404);
    }
    expect(await rate('ann', { decisionId: id })).toBe(202);
    expect(await rate('ann', { session: 's1' })).toBe(202);
    const lists = await Promise.all(
      ['ann', 'bob', 'root'].map((name) => read('/router/v1/decisions?session=s1', name)),
    );
    expect(lists.map(({ body }) => body.data.length)).toEqual([1, 0, 1]);
  });

  it('scores a decision that it only asked for, and nobody else’s', async () => {
    const asked = await gateway.post('/router/v1/route', asking('Hi'), header('ann'));
    const { decision } = (await asked.json()) as { decision: { id: string } };
    expect(await rate('bob', { decisionId: decision.id })).toBe(404);
    expect(await rate('ann', { decisionId: decision.id })).toBe(202);
    expect(await rate('root', { decisionId: decision.id })).toBe(202);
  });

  it('sees the sums of its own requests', async () => {
    for (const name of ['ann', 'ann', 'bob', 'root']) await (await gateway.chat(asking('Hi'), header(name))).text();
    await gateway.engine.ledger.flush();
    for (const query of ['', '?by=key', '?by=model&bucket=hour', '?by=user&bucket=minute', '?since=0']) {
      const sum = async (name: string) =>
        (await read(`/router/v1/usage${query}`, name)).body.data.reduce((all, row) => all + Number(row['requests']), 0);
      expect([await sum('ann'), await sum('bob'), await sum('reads'), await sum('root')], query).toEqual([2, 1, 0, 4]);
    }
    const groups = (await read('/router/v1/usage?by=key', 'bob')).body.data.map((row) => row['group']);
    expect(groups).toEqual(['bob']);
  });

  it('does not see what everyone does', async () => {
    for (const path of ['stats', 'events', 'keys', 'keys/ann', 'budgets', 'experiments', 'whatif', 'nothing-there'])
      expect((await read(`/router/v1/${path}`, 'ann')).status, path).toBe(403);
    expect((await gateway.get('/metrics', header('ann'))).status).toBe(403);
    // Nor what the provider's account holds, which all keys share.
    for (const path of ['/v1/files', '/v1/files/file-1/content', '/v1/batches'])
      expect((await gateway.get(path, header('ann'))).status, path).toBe(403);
    expect(upstream.requests).toHaveLength(0);
  });

  it('cannot manage keys', async () => {
    const send = async (method: string, path: string) =>
      (
        await fetch(gateway.url + path, {
          method,
          headers: { 'content-type': 'application/json', ...header('ann') },
          body: JSON.stringify({ name: 'mine', admin: true }),
        })
      ).status;
    expect(await send('POST', '/router/v1/keys')).toBe(403);
    expect(await send('DELETE', '/router/v1/keys/bob')).toBe(403);
    expect(await send('POST', '/router/v1/keys/ann/rotate')).toBe(403);
    // Nor by another spelling of the path.
    for (const path of ['/router//v1/keys', '//router/v1/keys', '/router/v1/keys/', '/role/writer/router/v1/keys'])
      expect(await send('POST', path), path).toBe(403);
    expect((await gateway.engine.ledger.store.keys.list()).length).toBe(0);
  });

  it('is shown the models and roles that it may use', async () => {
    const ids = async (path: string, name: string) => (await read(path, name)).body.data.map((row) => row['id']);
    for (const path of ['/v1/models', '/router/v1/models']) {
      expect(await ids(path, 'ann')).toEqual(expect.arrayContaining(['small', 'big', 'role/engineer']));
      const own = await ids(path, 'small');
      expect(own).toEqual(expect.arrayContaining(['small', 'auto', 'role/writer']));
      for (const other of ['big', 'role/engineer']) expect(own).not.toContain(other);
    }
    expect((await gateway.get('/v1/models/big', header('small'))).status).toBe(404);
    expect((await gateway.get('/v1/models/small', header('small'))).status).toBe(200);
    const tags = await (await gateway.get('/api/tags', header('small'))).text();
    expect(tags).toContain('small');
    expect(tags).not.toContain('"big');
    const shown = async (model: string) => (await gateway.post('/api/show', { model }, header('small'))).status;
    expect([await shown('small'), await shown('big')]).toEqual([200, 404]);
  });

  it.each([
    ['asks', [200, 403, 403, 403]],
    ['reads', [403, 200, 403, 403]],
    ['rates', [403, 403, 404, 403]],
    ['ann', [200, 200, 404, 403]],
    ['root', [200, 200, 404, 200]],
  ])('of %s does what its scopes say', async (name, expected) => {
    const chat = (await gateway.chat(asking('Hi'), header(name))).status;
    const usage = (await read('/router/v1/usage', name)).status;
    const feedback = await rate(name, { decisionId: 'none' });
    const stats = (await read('/router/v1/stats', name)).status;
    expect([chat, usage, feedback, stats]).toEqual(expected);
    // Every way to spend money is inference.
    for (const path of [
      '/v1/messages',
      '/v1/responses',
      '/api/chat',
      '/api/generate',
      '/v1/embeddings',
      '/v1/completions',
      '/router/v1/route',
    ])
      expect(
        (await gateway.post(path, { model: 'nosuch', messages: [], input: '', prompt: '' }, header(name))).status ===
          403,
        path,
      ).toBe(chat === 403);
    expect((await read('/v1/models', name)).status).toBe(200);
  });

  it('goes on with its own answers that a provider keeps', async () => {
    await gateway.close();
    gateway = await startGateway({
      ...twoModels(upstream.baseUrl),
      auth: { mode: 'required', keys: [key('root', { admin: true }), key('ann'), key('bob')] },
    });
    upstream.behave(
      json(
        JSON.stringify({
          id: 'resp_1',
          object: 'response',
          status: 'completed',
          output: [],
          usage: { input_tokens: 1, output_tokens: 1 },
        }),
      ),
    );
    const ask = (name: string, rest: object = {}) =>
      gateway.post('/v1/responses', { model: 'small', input: 'Hi', store: true, ...rest }, header(name));
    expect((await ask('ann')).status).toBe(200);
    const before = upstream.requests.length;
    const refused = await ask('bob', { previous_response_id: 'resp_1' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('this key has no answer');
    expect(upstream.requests).toHaveLength(before);
    expect((await ask('ann', { previous_response_id: 'resp_1' })).status).toBe(200);
  });
});

describe('filters and names that look like SQL', () => {
  const EVIL = ["' or '1'='1", "x'; drop table requests; --", '%', '_', '"', '\\', '\u0000', "ann' --"];

  it.each(EVIL)('%j find nothing and break nothing', async (evil) => {
    await (await gateway.chat(asking('Hi'), { ...header('ann'), 'x-signalbox-user': 'u' })).text();
    await gateway.engine.ledger.flush();
    const text = encodeURIComponent(evil);
    for (const name of ['model', 'role', 'session']) {
      expect((await read(`/router/v1/decisions?${name}=${text}`, 'ann')).body.data, name).toEqual([]);
    }
    expect((await read(`/router/v1/decisions?after=${text}`, 'bob')).body.data).toEqual([]);
    expect((await read(`/router/v1/decisions/${text}`, 'root')).status).toBe(404);
    expect((await read(`/router/v1/decisions?status=${text}`, 'root')).status).toBe(400);
    expect((await read(`/router/v1/usage?by=${text}`, 'root')).status).toBe(400);
    const made = await gateway.post('/router/v1/keys', { name: evil }, header('root'));
    expect(made.status).toBe(400);
    const gone = await fetch(`${gateway.url}/router/v1/keys/${text}`, { method: 'DELETE', headers: header('root') });
    expect(gone.status).toBe(404);
    expect(
      (await gateway.get('/v1/models', { authorization: `Bearer sb-0123456789${evil.replaceAll('\u0000', '')}` }))
        .status,
    ).toBe(401);
    expect((await read('/router/v1/decisions', 'ann')).body.data).toHaveLength(1);
  });
});
