import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../../mock-provider/mock-provider.ts';
import { asking, startGateway, temporaryFolder, twoModels, type TestGateway } from '../../support/gateway.ts';
import { rawRequest, sendRaw, statusesIn } from '../../support/raw-http.ts';

const ROOT = 'sb-0123456789-key-of-root';
const BODY = JSON.stringify(asking('Hi', { model: 'small' }));

let upstream: MockProvider;
let open: TestGateway;
let locked: TestGateway;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;

beforeAll(async () => {
  upstream = await startMockProvider();
  folder = await temporaryFolder();
  const keys = [{ name: 'root', key: ROOT, admin: true }];
  open = await startGateway({ ...twoModels(upstream.baseUrl), auth: { keys } }, { dashboard: folder.path });
  locked = await startGateway({ ...twoModels(upstream.baseUrl), auth: { mode: 'required', keys } });
});

afterAll(async () => {
  await open.close();
  await locked.close();
  await upstream.close();
  await folder.remove();
});

const ROUTES = [
  ['POST', '/v1/chat/completions'],
  ['POST', '/v1/messages'],
  ['POST', '/v1/responses'],
  ['POST', '/v1/embeddings'],
  ['POST', '/api/chat'],
  ['POST', '/api/show'],
  ['POST', '/v1/messages/count_tokens'],
  ['POST', '/v1/moderations'],
  ['POST', '/router/v1/route'],
  ['POST', '/router/v1/feedback'],
  ['POST', '/router/v1/keys'],
  ['DELETE', '/router/v1/keys/a'],
  ['GET', '/router/v1/keys'],
  ['GET', '/router/v1/decisions'],
  ['GET', '/router/v1/events'],
  ['GET', '/v1/models'],
  ['GET', '/v1/files'],
  ['GET', '/metrics'],
  ['GET', '/openapi.json'],
  ['GET', '/version'],
  ['GET', '/'],
  ['GET', '/ui/'],
  ['GET', '/ui/login'],
  ['POST', '/ui/login'],
  ['POST', '/ui/logout'],
  ['GET', '/nothing'],
  ['HEAD', '/v1/models'],
  ['OPTIONS', '/v1/chat/completions'],
] as const;

async function statusOf(
  gateway: TestGateway,
  method: string,
  path: string,
  headers: readonly string[],
): Promise<number> {
  const body = method === 'POST' ? BODY : '';
  const lines = [...headers, 'Content-Type: text/plain', `Content-Length: ${body.length}`];
  const told = await sendRaw(gateway.url, rawRequest(`${method} ${path} HTTP/1.1`, lines, body), (text) =>
    /\r\n\r\n/.test(text),
  );
  return statusesIn(told)[0] ?? 0;
}

describe('a name that somebody else owns', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil-localhost',
    'xlocalhost',
    'localhost.',
    '127.0.0.1@evil.example',
    '127.0.0.1:80@evil.example',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0.0.0.0',
    '[::]',
    '[::1].evil.example',
    '127.0.0.1,evil.example',
    '127.0.0.1 evil.example',
    '127.0.0.1:99999999',
    '"localhost"',
    'localhost/evil.example',
    'localhost#.evil.example',
    '',
  ])('does not lead here on any route: Host %j', async (host) => {
    for (const [method, path] of ROUTES) {
      expect([400, 403], `${method} ${path}`).toContain(await statusOf(open, method, path, [`Host: ${host}`]));
    }
    expect(upstream.requests).toEqual([]);
  });
});

describe('a page of another site', () => {
  const host = () => new URL(open.url).host;
  const from = (): readonly (readonly string[])[] => [
    ['Origin: http://evil.example', 'Sec-Fetch-Site: cross-site'],
    ['Origin: http://evil.example'],
    ['Origin: null'],
    [`Origin: http://${new URL(locked.url).host}`, 'Sec-Fetch-Site: same-site'],
    ['Origin: http://localhost'],
    [`Origin: http://${host()}.evil.example`],
    [`Origin: http://evil.example/http://${host()}`],
    [`Origin: http://${host()}@evil.example`],
    [`Origin: file://${host()}`],
    [`Origin: ws://${host()}`],
    [`Origin: http://${host()}`, 'Sec-Fetch-Site: cross-site'],
    [`Origin: http://${host()}`, 'Origin: http://evil.example'],
    ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'],
    ['Sec-Fetch-Site: same-site'],
    ['Sec-Fetch-Site: same-origin, cross-site'],
    [
      'Origin: http://evil.example',
      'Access-Control-Request-Method: POST',
      'Access-Control-Request-Private-Network: true',
    ],
  ];

  it('reads and changes nothing, on any route, and is given no leave to', async () => {
    for (const origin of from()) {
      for (const [method, path] of ROUTES) {
        const status = await statusOf(open, method, path, [`Host: ${host()}`, ...origin]);
        expect([400, 403], `${method} ${path} ${origin.join()}`).toContain(status);
      }
      const preflight = rawRequest('OPTIONS /v1/chat/completions HTTP/1.1', [`Host: ${host()}`, ...origin]);
      expect((await sendRaw(open.url, preflight)).toLowerCase()).not.toContain('access-control-allow');
    }
    expect(upstream.requests).toEqual([]);
    expect(await open.engine.ledger.store.keys.list()).toEqual([]);
  });
});

describe('what a proxy on this machine forwards', () => {
  it.each([
    'Forwarded: for=203.0.113.9',
    'X-Forwarded-For: 203.0.113.9',
    'X-Forwarded-For: 127.0.0.1',
    'X-Forwarded-For:',
    'X-Forwarded-Host: gateway.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 443',
    'X-Forwarded-Server: a',
    'X-Real-IP: 203.0.113.9',
    'Via: 1.1 proxy',
    'CF-Connecting-IP: 203.0.113.9',
    'True-Client-IP: 203.0.113.9',
    'X-Client-IP: 203.0.113.9',
    'X-Original-Forwarded-For: 203.0.113.9',
    'X-Envoy-External-Address: 203.0.113.9',
    'Tailscale-User-Login: somebody',
  ])('needs a key: %s', async (header) => {
    const host = `Host: ${new URL(open.url).host}`;
    for (const [method, path] of [
      ['GET', '/router/v1/keys'],
      ['POST', '/v1/chat/completions'],
    ] as const) {
      expect(await statusOf(open, method, path, [host, header])).toBe(401);
      expect(await statusOf(open, method, path, [host, header, `x-api-key: ${ROOT}`])).toBe(200);
    }
  });
});

describe('a login', () => {
  const logIn = (key: string, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${locked.url}/ui/login`, {
      method: 'POST',
      redirect: 'manual',
      headers: { origin: locked.url, ...headers },
      body: new URLSearchParams({ key }),
    });
  const cookieOf = (response: Response) => (response.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';

  it('gives an id of its own, never one that came', async () => {
    const planted = `signalbox_session=${'A'.repeat(43)}`;
    const cookie = cookieOf(await logIn(ROOT, { cookie: planted }));
    expect(cookie).toMatch(/^signalbox_session=/);
    expect(cookie).not.toBe(planted);
    expect((await locked.get('/router/v1/stats', { cookie: planted })).status).toBe(401);
    expect((await locked.get('/router/v1/stats', { cookie })).status).toBe(200);
    // One that is planted beside it opens nothing more.
    expect((await locked.get('/router/v1/stats', { cookie: `${planted}; ${cookie}` })).status).toBe(401);
  });

  it('counts for the page alone: no inference, no change from elsewhere, no reading by another origin', async () => {
    const cookie = cookieOf(await logIn(ROOT));
    const before = upstream.requests.length;
    for (const [method, path] of ROUTES) {
      if (path === '/ui/login' || path === '/ui/logout') continue;
      for (const headers of [
        ['Origin: http://127.0.0.1:1', 'Sec-Fetch-Site: same-site'],
        ['Sec-Fetch-Site: same-site'],
        ['Sec-Fetch-Site: cross-site'],
        ['Origin: null'],
      ]) {
        const host = new URL(locked.url).host;
        const status = await statusOf(locked, method, path, [`Host: ${host}`, `Cookie: ${cookie}`, ...headers]);
        expect(status, `${method} ${path} ${headers.join()}`).toBe(403);
      }
    }
    for (const path of ['/v1/chat/completions', '/api/chat', '/v1/moderations', '/v1/messages', '/v1/embeddings']) {
      const response = await locked.post(path, asking('Hi'), { cookie, origin: locked.url });
      expect(response.status, path).toBe(401);
    }
    // Without a word of where it comes from a change is not taken.
    expect((await locked.post('/router/v1/keys', { name: 'planted' }, { cookie })).status).toBe(401);
    expect(upstream.requests.length).toBe(before);
    expect(await locked.engine.ledger.store.keys.list()).toEqual([]);
  });

  it('is guessed ten times a minute, however many at once, and whoever they claim to be', async () => {
    const guesses = Array.from({ length: 60 }, (_, i) =>
      logIn(`sb-0123456789-a-guess-number-${i}`, {
        'x-forwarded-for': `203.0.113.${i}`,
        'x-real-ip': `203.0.113.${i}`,
      }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(10);
    expect(statuses.filter((status) => status === 429)).toHaveLength(50);
    expect((await logIn(ROOT)).status).toBe(429);
  });
});
