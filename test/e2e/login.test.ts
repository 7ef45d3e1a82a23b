import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { manualClock } from '../../src/state/conformance.ts';
import { asking, startGateway, temporaryFolder, type TestGateway } from '../support/gateway.ts';

const ADMIN = 'sb-0123456789-the-administrator';
const USER = 'sb-0123456789-somebody';
const BROWSER = { accept: 'text/html,*/*;q=0.8' };
const clock = manualClock(Date.parse('2026-06-01'));

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let gateway: TestGateway;

beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(join(folder.path, 'page'));
  await writeFile(join(folder.path, 'page/index.html'), '<h1>the page</h1>');
  await start();
});

afterEach(async () => {
  await gateway.close();
  await folder.remove();
});

async function start(auth: ConfigInput['auth'] = {}): Promise<void> {
  const { storage: _storage, ...config } = simulatedConfig({ port: 0, folder: '' });
  const keys = [
    { name: 'root', key: ADMIN, admin: true },
    { name: 'user', key: USER },
  ];
  gateway = await startGateway(
    { ...config, auth: { mode: 'required', keys, ...auth } },
    { dashboard: join(folder.path, 'page/'), clock },
  );
}

const logIn = (key: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(`${gateway.url}/ui/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: gateway.url, ...headers },
    body: new URLSearchParams({ key }),
  });

/** The cookie of a login, as a browser sends it back. */
async function cookieOf(key: string): Promise<{ cookie: string }> {
  const set = (await logIn(key)).headers.get('set-cookie') ?? '';
  return { cookie: set.split(';', 1)[0] ?? '' };
}

const send = (method: string, path: string, headers: Readonly<Record<string, string>>, body?: unknown) =>
  fetch(gateway.url + path, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

describe('a login', () => {
  it('gives an administrator a session that is not the key', async () => {
    const response = await logIn(ADMIN);
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('./');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const cookie = response.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^signalbox_session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
    expect(cookie).not.toContain(ADMIN);
    expect(await cookieOf(ADMIN)).not.toEqual(await cookieOf(ADMIN));
  });

  it('is secure where the browser came by TLS', async () => {
    const host = new URL(gateway.url).host;
    expect((await logIn(ADMIN, { origin: `https://${host}` })).headers.get('set-cookie')).toMatch(/; Secure$/);
  });

  it.each([
    ['an unknown key', 'sb-0123456789-nobody-knows-this', 401, 'not known'],
    ['no key at all', '', 401, 'no Signalbox key'],
    ['a key that is not an administrator’s', USER, 403, 'administrator’s key'],
    ['markup', '<script>alert(1)</script>', 401, 'no Signalbox key'],
  ])('by %s is refused on the page', async (_name, key, status, why) => {
    const response = await logIn(key);
    expect(response.status).toBe(status);
    expect(response.headers.get('set-cookie')).toBeNull();
    const text = await response.text();
    expect(text).toContain(why);
    expect(text).not.toContain('<script>');
    if (key !== '') expect(text).not.toContain(key);
  });

  it('is refused to other sites, to sandboxed pages, and in other forms', async () => {
    expect((await logIn(ADMIN, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await logIn(ADMIN, { origin: 'null' })).status).toBe(403);
    expect((await send('POST', '/ui/login', { origin: gateway.url }, { key: ADMIN })).status).toBe(415);
    expect((await send('DELETE', '/ui/login', {})).status).toBe(405);
    expect((await logIn(`${ADMIN}${'x'.repeat(5000)}`)).status).toBe(413);
  });

  it('may fail ten times in a minute; the right key is not counted', async () => {
    for (let i = 0; i < 15; i++) expect((await logIn(ADMIN)).status).toBe(303);
    for (let i = 0; i < 10; i++) expect((await logIn('sb-0123456789-a-wrong-guess')).status).toBe(401);
    const refused = await logIn(ADMIN);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Programs that have a key are not held up by it.
    expect((await send('GET', '/router/v1/stats', { 'x-api-key': ADMIN })).status).toBe(200);
    clock.advance(60_000);
    expect((await logIn(ADMIN)).status).toBe(303);
  });
});

describe('a session', () => {
  it('opens the page and what it reads', async () => {
    const session = await cookieOf(ADMIN);
    for (const path of [
      '/ui/',
      '/router/v1/stats',
      '/router/v1/usage',
      '/router/v1/decisions',
      '/router/v1/keys',
      '/metrics',
      '/openapi.json',
    ])
      expect((await send('GET', path, session)).status, path).toBe(200);
    expect(await (await send('GET', '/router/v1/key', session)).json()).toMatchObject({
      name: 'root',
      admin: true,
      by: 'login',
    });
    expect(await (await send('GET', '/router/v1/key', { 'x-api-key': USER })).json()).toMatchObject({
      name: 'user',
      admin: false,
      by: 'key',
      scopes: ['inference', 'usage', 'feedback'],
    });
    // A key that is sent speaks before it.
    expect((await send('GET', '/router/v1/stats', { ...session, 'x-api-key': USER })).status).toBe(403);
  });

  it('never asks a model', async () => {
    const session = { ...(await cookieOf(ADMIN)), origin: gateway.url };
    for (const path of [
      '/v1/chat/completions',
      '/v1/messages',
      '/api/chat',
      '/v1/completions',
      '/role/x/v1/chat/completions',
    ])
      expect((await send('POST', path, session, asking('Hi'))).status, path).toBe(401);
    expect((await send('GET', '/v1/models', session)).status).toBe(401);
  });

  it('changes nothing but for the page itself', async () => {
    const session = await cookieOf(ADMIN);
    const own = { ...session, origin: gateway.url };
    const make = (headers: Readonly<Record<string, string>>) =>
      send('POST', '/router/v1/keys', headers, { name: `k${clock.now()}` });
    expect((await make(session)).status).toBe(401);
    expect((await make({ ...session, origin: 'https://evil.example' })).status).toBe(403);
    expect((await make({ ...session, 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await make({ ...session, 'sec-fetch-site': 'none' })).status).toBe(401);
    expect((await make(own)).status).toBe(201);
    expect((await make({ ...session, 'sec-fetch-site': 'same-origin' })).status).toBe(409);
  });

  it('is not taken from a listed page of another site', async () => {
    await gateway.close();
    await start({ origins: ['https://app.example'] });
    const session = { ...(await cookieOf(ADMIN)), origin: 'https://app.example' };
    expect((await send('POST', '/router/v1/keys', session, { name: 'x' })).status).toBe(401);
  });

  it('ends with a logout, with its time, and with its key', async () => {
    const stats = async (session: { cookie: string }) => (await send('GET', '/router/v1/stats', session)).status;
    const one = await cookieOf(ADMIN);
    const two = await cookieOf(ADMIN);
    expect((await send('POST', '/ui/logout', one)).status).toBe(403);
    const out = await send('POST', '/ui/logout', { ...one, origin: gateway.url });
    expect(out.headers.get('set-cookie')).toContain('signalbox_session=; Path=/; Max-Age=0');
    expect([await stats(one), await stats(two)]).toEqual([401, 200]);

    const made = await gateway.post('/router/v1/keys', { name: 'second', admin: true }, { 'x-api-key': ADMIN });
    const three = await cookieOf(((await made.json()) as { key: string }).key);
    expect(await stats(three)).toBe(200);
    await send('POST', '/router/v1/keys/second/rotate', { 'x-api-key': ADMIN }, {});
    expect(await stats(three)).toBe(401);

    clock.advance(12 * 3_600_000 + 1);
    expect(await stats(two)).toBe(401);
  });

  it.each(['', 'x', 'a'.repeat(43), `${'a'.repeat(43)}; signalbox_session=b`, '%00', "' or 1=1 --"])(
    'is not made up: %j',
    async (id) => {
      const response = await send('GET', '/router/v1/stats', { cookie: `signalbox_session=${id}` });
      expect(response.status).toBe(401);
    },
  );

  it('is not known by its hash, under which the state keeps it', async () => {
    const { cookie } = await cookieOf(ADMIN);
    const hash = createHash('sha256')
      .update(cookie.split('=')[1] ?? '')
      .digest('base64url');
    expect((await send('GET', '/router/v1/stats', { cookie: `signalbox_session=${hash}` })).status).toBe(401);
  });
});

describe('the page', () => {
  it('and the form let nothing in and go into no frame', async () => {
    const session = await cookieOf(ADMIN);
    const form = await send('GET', '/ui/login', BROWSER);
    for (const response of [form, await send('GET', '/ui/', session)]) {
      const policy = response.headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('unsafe');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(response.headers.get('referrer-policy')).toMatch(/^(?:no-referrer|same-origin)$/);
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
    expect(form.status).toBe(200);
    expect(form.headers.get('cache-control')).toBe('no-store');
  });
});
