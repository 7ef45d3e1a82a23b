import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, startGateway, twoModels, type TestGateway } from '../support/gateway.ts';

const ADMIN = 'sb-0123456789-the-administrator';
const asAdmin = { authorization: `Bearer ${ADMIN}` };
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

let upstream: MockProvider;
let gateway: TestGateway;

beforeEach(async () => {
  upstream = await startMockProvider();
  gateway = await startGateway({
    ...twoModels(upstream.baseUrl),
    roles: { writer: {} },
    auth: { mode: 'required', keys: [{ name: 'root', key: ADMIN, admin: true }] },
  });
});

afterEach(async () => {
  await gateway.close();
  await upstream.close();
});

interface Key {
  readonly key: string;
  readonly name: string;
  readonly status: string;
}

async function create(input: object, status = 201): Promise<Key> {
  const response = await gateway.post('/router/v1/keys', input, asAdmin);
  const body = (await response.json()) as Key;
  expect(response.status, JSON.stringify(body)).toBe(status);
  return body;
}

const rotate = (name: string, body: object = {}) => gateway.post(`/router/v1/keys/${name}/rotate`, body, asAdmin);
const revoke = (name: string, headers: Readonly<Record<string, string>> = asAdmin) =>
  fetch(`${gateway.url}/router/v1/keys/${name}`, { method: 'DELETE', headers });

async function told(response: Response): Promise<string> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return `${response.status} ${error.code}: ${error.message}`;
}

describe('a key made over HTTP', () => {
  it('works at once, by the usual headers, and its requests are its own', async () => {
    const { key } = await create({ name: 'ci', models: ['small'] });
    expect(key).toMatch(/^sb-[A-Za-z0-9_-]{43}$/);
    for (const headers of [bearer(key), { 'x-api-key': key }, { 'api-key': key }]) {
      const response = await gateway.chat(asking('Hi'), headers);
      expect(response.headers.get('x-signalbox-model')).toBe('small');
      expect((await gateway.entryOf(response))?.intent.request.key).toBe('ci');
    }
    expect((await gateway.chat(asking('Hi', { model: 'big' }), bearer(key))).status).toBe(403);
  });

  it('is shown once, and only its hash is kept', async () => {
    const response = await gateway.post('/router/v1/keys', { name: 'ci' }, asAdmin);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { key } = (await response.json()) as Key;
    const listed = await (await gateway.get('/router/v1/keys', asAdmin)).text();
    const sha256 = createHash('sha256').update(key).digest('hex');
    expect(listed).toContain('"ci"');
    for (const secret of [key, sha256]) expect(listed).not.toContain(secret);
    // Whoever steals the hashes has no key.
    for (const stolen of [sha256, `sb-${sha256}`, `sb-${Buffer.from(sha256, 'hex').toString('base64url')}`]) {
      expect((await gateway.chat(asking('Hi'), bearer(stolen))).status).toBe(401);
    }
  });

  it('ends when it is revoked, and says so', async () => {
    const { key } = await create({ name: 'ci' });
    expect(await (await revoke('ci')).json()).toMatchObject({ name: 'ci', status: 'revoked' });
    expect(await told(await gateway.chat(asking('Hi'), bearer(key)))).toContain('the key "ci" was revoked');
    expect((await revoke('ci')).status).toBe(200);
    expect(await told(await revoke('nobody'))).toContain('key_not_found');
    expect(await told(await revoke('root'))).toContain('key_conflict');
    expect(await told(await rotate('ci'))).toContain('was revoked');
    // Its requests stay its own: nobody else gets the name.
    expect(await create({ name: 'ci' }, 409)).toMatchObject({ error: { code: 'key_conflict' } });
  });

  it('is rotated: at once, or after a time of grace', async () => {
    const first = (await create({ name: 'ci' })).key;
    const second = ((await (await rotate('ci')).json()) as Key).key;
    expect(await told(await gateway.get('/v1/models', bearer(first)))).toContain('was replaced');
    const third = ((await (await rotate('ci', { grace: '1h' })).json()) as Key).key;
    expect(new Set([first, second, third]).size).toBe(3);
    for (const key of [second, third]) expect((await gateway.get('/v1/models', bearer(key))).status).toBe(200);
    expect(await told(await gateway.get('/v1/models', bearer(first)))).toContain('not known');
    expect((await rotate('ci', { grace: 'soon' })).status).toBe(400);
    const bare = (body?: string) =>
      fetch(`${gateway.url}/router/v1/keys/ci/rotate`, {
        method: 'POST',
        headers: asAdmin,
        ...(body === undefined ? {} : { body }),
      });
    // A wish for grace that is not read would end the old secret at once.
    expect((await bare('{"grace":"1h"}')).status).toBe(415);
    expect((await gateway.get('/v1/models', bearer(third))).status).toBe(200);
    expect((await bare()).status).toBe(200);
    expect((await gateway.get('/v1/models', bearer(third))).status).toBe(401);
  });
});
