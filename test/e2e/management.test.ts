import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

let upstream: MockProvider;
let gateway: TestGateway;

const ROLES = {
  engineer: { strategy: 'quality-first' as const, models: ['big'] },
  'Data Team': { strategy: 'cheapest' as const },
};

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({ ...twoModels(upstream.baseUrl), roles: ROLES });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

const read = async (path: string) => (await gateway.get(path)).json() as Promise<Record<string, unknown>>;

describe('roles', () => {
  it.each([
    ['path', '/role/engineer/v1/chat/completions', {}, 'auto'],
    ['path with a doubled slash', '/role/ENGINEER//v1/chat/completions', {}, 'auto'],
    ['header', '/v1/chat/completions', { 'x-signalbox-role': 'engineer' }, 'auto'],
    ['model', '/v1/chat/completions', {}, 'role/engineer'],
  ])('by %s', async (_name, path, headers, model) => {
    const response = await gateway.chat(asking('Hi', { model }), headers, path);
    expect(response.headers.get('x-signalbox-model')).toBe('big');
    expect(response.headers.get('x-signalbox-strategy')).toBe('quality-first');
  });

  it('have percent-encoded names', async () => {
    const response = await gateway.chat(asking('Hi'), {}, '/role/data%20team/v1/chat/completions');
    expect(response.headers.get('x-signalbox-model')).toBe('small');
  });

  it('refuse a model outside with 403, and an unknown role is 404', async () => {
    expect(
      (await gateway.chat(asking('Hi', { model: 'small' }), {}, '/role/engineer/v1/chat/completions')).status,
    ).toBe(403);
    expect((await gateway.chat(asking('Hi'), { 'x-signalbox-role': 'pilot' })).status).toBe(404);
  });
});

describe('observe mode', () => {
  it('serves the default and logs what routing would have done and saved', async () => {
    await gateway.close();
    const config = twoModels(upstream.baseUrl);
    gateway = await startGateway({ ...config, routing: { ...config.routing, mode: 'observe' } });
    const response = await gateway.chat(asking('Hi'));
    expect(response.headers.get('x-signalbox-model')).toBe('big');
    await gateway.engine.ledger.flush();
    const details = await read(`/router/v1/decisions/${response.headers.get('x-signalbox-request-id')}`);
    expect(JSON.stringify(details['decision'])).toContain('"small"');
    expect(details['decision']).toMatchObject({ chosen: 'big', observed: { chosen: 'small' } });
  });
});

describe('management', () => {
  it('decides without calling anything', async () => {
    const response = await gateway.post('/router/v1/route', asking('Hi'));
    const body = (await response.json()) as {
      model: string;
      decision: { id: string; reason: string };
      explain: string[];
    };
    expect(body.model).toBe('small');
    expect(body.decision.reason).toMatch(/cheapest|within/);
    expect(upstream.requests).toHaveLength(0);
    const replay = await read(`/router/v1/decisions/${body.decision.id}/replay`).catch(() => null);
    expect(replay).toBeTruthy();
  });

  it('shows a request in full, and its replay makes the same choice', async () => {
    const response = await gateway.chat(asking('Hi'));
    const id = response.headers.get('x-signalbox-decision-id') ?? '';
    const early = await read(`/router/v1/decisions/${id}`);
    expect(early['decision']).toMatchObject({ chosen: 'small' });
    await gateway.engine.ledger.flush();
    expect(await read(`/router/v1/decisions/${id}`)).toMatchObject({
      decision: {
        chosen: 'small',
        propensity: 1,
        ranking: [{ model: expect.any(String) }, { model: expect.any(String) }],
      },
      outcome: { status: 'ok', costUsd: 0.000025, attempts: [{ costUsd: 0.000025 }] },
    });
    expect(await read(`/router/v1/decisions/${id}/replay`)).toMatchObject({
      same: true,
      recorded: 'small',
      chosen: 'small',
    });
  });

  it('finds a request that memory has forgotten and the store does not have yet', async () => {
    const first = await gateway.chat(asking('the first of many'));
    const id = first.headers.get('x-signalbox-decision-id') ?? '';
    await first.arrayBuffer();
    for (let i = 0; i < 300; i++) await (await gateway.chat(asking(`number ${i}`))).arrayBuffer();
    expect(gateway.engine.runtime.recent.request(id)).toBeUndefined();
    const found = await gateway.get(`/router/v1/decisions/${id}`);
    expect(found.status).toBe(200);
    expect(await found.json()).toMatchObject({ decision: { id } });
  });

  it('lists requests page by page, newest first', async () => {
    for (let i = 0; i < 5; i++) await (await gateway.chat(asking(`Hi ${i}`))).text();
    await gateway.engine.ledger.flush();
    const first = (await read('/router/v1/decisions?limit=3')) as { data: { id: string }[]; next: string };
    const second = (await read(`/router/v1/decisions?limit=3&after=${first.next}`)) as {
      data: { id: string }[];
      next: null;
    };
    const ids = [...first.data, ...second.data].map((row) => row.id);
    expect(ids).toHaveLength(5);
    expect(ids).toEqual([...new Set(ids)].sort().toReversed());
    expect(second.next).toBeNull();
  });

  it('takes no more and no worse than the inference routes do', async () => {
    expect((await gateway.post('/router/v1/route', '{bad')).status).toBe(400);
    const large = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(33 * 2 ** 20) }] });
    expect((await gateway.post('/router/v1/route', large)).status).toBe(413);
  });

  it('stores feedback', async () => {
    const id = (await gateway.chat(asking('Hi'))).headers.get('x-signalbox-decision-id');
    expect((await gateway.post('/router/v1/feedback', { decisionId: id, score: 1 })).status).toBeLessThan(300);
    await gateway.engine.ledger.flush();
    expect(await read(`/router/v1/decisions/${id}`)).toMatchObject({ feedback: [{ score: 1 }] });
    expect((await gateway.post('/router/v1/feedback', { decisionId: id, score: 2 })).status).toBe(400);
    expect((await gateway.post('/router/v1/feedback', { score: 1 })).status).toBe(400);
    const message = async (body: object) =>
      ((await (await gateway.post('/router/v1/feedback', body)).json()) as { error: { message: string } }).error
        .message;
    expect(await message({})).toBe(
      'score: needs a number from 0 (bad) to 1 (good); the body: needs decisionId (the header x-signalbox-decision-id of an answer) or session',
    );
    expect(await message([])).toBe('the body: expected a map');
    expect(await message({ score: 1, session: 5 })).toBe('session: expected a text');
  });

  it('sums usage by time and by group', async () => {
    await (await gateway.chat(asking('Hi', { model: 'small' }), { 'x-signalbox-tags': 'team=red,app=x' })).text();
    await (await gateway.chat(asking('Hi', { model: 'big' }), { 'x-signalbox-tags': 'team=red' })).text();
    await gateway.engine.ledger.flush();
    expect(await read('/router/v1/usage?by=model')).toMatchObject({
      data: [
        { group: 'big', requests: 1, costUsd: 0.00025 },
        { group: 'small', requests: 1, costUsd: 0.000025, savingsUsd: 0.000225 },
      ],
    });
    expect(await read('/router/v1/usage?by=tag')).toMatchObject({
      data: [
        { group: 'team=red', requests: 2 },
        { group: 'app=x', requests: 1 },
      ],
    });
    expect(await read('/router/v1/usage?bucket=minute')).toMatchObject({ data: [{ requests: 2 }] });
    expect(await read('/router/v1/usage?period=month&zone=Asia/Kolkata&bucket=week&by=tag')).toMatchObject({
      zone: 'Asia/Kolkata',
      total: { requests: 2, costUsd: 0.000275, reservedUsd: 0, unpriced: 0 },
      projection: null,
      savings: { method: expect.stringContaining('routing.default') },
      prices: { unknown: [], stale: [] },
    });
    expect(await read('/router/v1/stats')).toMatchObject({
      requests: 2,
      inFlight: 0,
      default: 'big',
      simulated: false,
    });
  });

  it('sends each request as an event when it settles', async () => {
    const response = await gateway.get('/router/v1/events');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader?.read())?.value).toContain('event: hello');
    await (await gateway.chat(asking('Hi'))).text();
    expect((await reader?.read())?.value).toMatch(/event: request\ndata: \{.*"model":"small"/);
    await reader?.cancel();
  });

  it('lists models, real and virtual', async () => {
    const { data } = (await read('/v1/models')) as { data: { id: string }[] };
    expect(data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['small', 'big', 'auto', 'auto:cost', 'claude-auto', 'role/engineer']),
    );
    expect(await read('/v1/models/small')).toMatchObject({ id: 'small', pricing: { input: 1 } });
    expect((await gateway.get('/v1/models/nope')).status).toBe(404);
  });

  it('answers probes, describes itself, counts', async () => {
    for (const path of ['/health', '/v1/health', '/ready', '/version', '/', '/v1/chat/completions', '/v1/models/']) {
      expect((await gateway.get(path)).status, path).toBe(200);
    }
    await (await gateway.chat(asking('Hi'))).text();
    const metrics = await (await gateway.get('/metrics')).text();
    expect(metrics).toMatch(/signalbox_requests_total\{.*model="small".*\} 1/);
    expect(metrics).toContain('signalbox_cost_usd_total{model="small"} 0.000025');
    const openapi = (await read('/openapi.json')) as { paths: object };
    expect(Object.keys(openapi.paths)).toEqual(
      expect.arrayContaining([
        '/router/v1/route',
        '/router/v1/feedback',
        '/router/v1/decisions/{id}',
        '/router/v1/usage',
      ]),
    );
  });

  it('has every route that docs/reference/http.md lists', async () => {
    const page = await readFile(new URL('../../docs/reference/http.md', import.meta.url), 'utf8');
    const paths = [...page.matchAll(/`(?:GET|POST) (\/[^`]*)`/g)].map(([, path = '']) => path);
    expect(paths.length).toBeGreaterThan(20);
    for (const path of paths) {
      const response = await gateway.get(path);
      if (response.ok) await response.body?.cancel();
      else expect(await response.text(), path).not.toContain('there is nothing at');
    }
  });

  it('says what is not there in its own envelope', async () => {
    for (const [path, status] of [
      ['/router/v1/decisions/none', 404],
      ['/router/v1/decisions?limit=0', 400],
      ['/router/v1/usage?by=shoe', 400],
      ['/router/v1/usage?zone=Mars', 400],
      ['/router/v1/usage?period=year', 400],
      ['/nowhere', 404],
      ['/router/v1/experiments', 501],
    ] as const) {
      const response = await gateway.get(path);
      expect(response.status, path).toBe(status);
      expect(await response.json()).toMatchObject({ error: { code: expect.any(String), message: expect.any(String) } });
    }
  });

  it.each([
    ['/router/v1/usage?sinc=0', 'the query: there is no "sinc"; did you mean "since"?'],
    ['/router/v1/decisions?modle=small', 'the query: there is no "modle"; did you mean "model"?'],
    ['/router/v1/keys?page=2', 'the query: there is no "page"; it takes after, limit'],
  ])('refuses %s, which would be all of them', async (path, message) => {
    const response = await gateway.get(path);
    expect([response.status, await response.json()]).toEqual([400, { error: { code: 'invalid_request', message } }]);
  });

  it('refuses a failing upstream’s secrets in what it shows', async () => {
    upstream.behave(json('{"error":{"message":"bad key provider-key-1"}}', 401));
    const response = await gateway.chat(asking('Hi', { model: 'small' }));
    await gateway.engine.ledger.flush();
    const shown = JSON.stringify(await read(`/router/v1/decisions/${response.headers.get('x-signalbox-request-id')}`));
    expect(shown).not.toContain('provider-key');
  });
});
