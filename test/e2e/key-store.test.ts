import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { issueKey } from '../../src/access/issue.ts';
import type { KeyStore } from '../../src/access/key-store.ts';
import { checkedConfig } from '../../src/checked.ts';
import { serveGateway, type RunningGateway } from '../../src/gateway/serve.ts';
import { openEngine, type Engine } from '../../src/signalbox.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { answers, json, startMockProvider, type MockProvider } from '../mock-provider/mock-provider.ts';
import { asking, temporaryFolder, twoModels } from '../support/gateway.ts';

const ADMIN = 'sb-0123456789-the-administrator';
const NEVER = 3_600_000;

let upstream: MockProvider;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let logged: string[];
const running: { readonly engine: Engine; readonly gateway: RunningGateway }[] = [];

beforeEach(async () => {
  upstream = await startMockProvider();
  folder = await temporaryFolder();
  logged = [];
});

afterEach(async () => {
  for (const { gateway, engine } of running.splice(0)) {
    await gateway.close();
    await engine.close();
  }
  await upstream.close();
  await folder.remove();
});

/** One of several processes on one store; `around` stands between it and the keys in it. */
async function start(name: string, keyPoll: number, around = (keys: KeyStore): KeyStore => keys) {
  const write = (...line: unknown[]) => void logged.push(JSON.stringify(line));
  const log: Log = { debug: write, info: write, warn: write, error: write };
  const config = {
    ...twoModels(upstream.baseUrl),
    server: { port: 0 },
    storage: { url: `file:${folder.path}/ledger.db`, journal: `${folder.path}/${name}` },
    auth: { mode: 'required' as const, keys: [{ name: 'root', key: ADMIN, admin: true }] },
  };
  const engine = await openEngine(await checkedConfig(config, {}), { log });
  const { store } = engine.ledger;
  const faced = { ...engine, ledger: { ...engine.ledger, store: { ...store, keys: around(store.keys) } } };
  const gateway = await serveGateway({ engine: faced, keyPoll });
  running.push({ engine, gateway });
  const { url } = gateway;
  const chat = (headers: Readonly<Record<string, string>>) =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(asking('Hi')) });
  return {
    engine,
    url,
    keys: store.keys,
    chat,
    status: async (key: string) => (await chat({ authorization: `Bearer ${key}` })).status,
    make: async (input: object) => {
      const response = await fetch(`${url}/router/v1/keys`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-api-key': ADMIN },
        body: JSON.stringify(input),
      });
      return ((await response.json()) as { key: string }).key;
    },
    revoke: (name: string) =>
      fetch(`${url}/router/v1/keys/${name}`, { method: 'DELETE', headers: { 'x-api-key': ADMIN } }),
  };
}

const made = (): string => `sb-${randomBytes(32).toString('base64url')}`;
const grants = { admin: false, scopes: ['inference'] as const };

describe('the store of keys', () => {
  it('is asked at the start, and by no request whatever it presents', async () => {
    let asked = 0;
    const counting = (keys: KeyStore): KeyStore => {
      const counted =
        <A extends unknown[], R>(work: (...args: A) => R) =>
        (...args: A): R => {
          asked++;
          return work(...args);
        };
      return { ...keys, list: counted(keys.list), revision: counted(keys.revision), lastUsed: counted(keys.lastUsed) };
    };
    const one = await start('one', NEVER, counting);
    expect(await one.status(made())).toBe(401);
    const before = asked;
    expect(before).toBeGreaterThan(0);
    const wrong = [
      'sb-',
      'sb-short',
      `sb-${'x'.repeat(198)}`,
      `sb-${'x'.repeat(100_00)}`,
      'sb-with a space in the middle of it',
      'sb-with,a,comma,but,long,enough,to,be,one',
      `sb-${'é'.repeat(20)}`,
      'SB-0123456789-the-administrator',
      ADMIN.slice(0, -1),
      `${ADMIN}x`,
      `Bearer ${ADMIN}`,
      ...Array.from({ length: 20 }, made),
    ];
    for (const key of wrong) {
      for (const name of ['authorization', 'x-api-key', 'api-key']) {
        const value = Buffer.from(name === 'authorization' ? `Bearer ${key}` : key).toString('latin1');
        const response = await one.chat({ [name]: value });
        expect(response.status, `${name} ${key.slice(0, 40)}`).toBe(401);
        expect(await response.text()).not.toContain(key.slice(0, 20));
      }
    }
    expect(await one.status(ADMIN)).toBe(200);
    expect(asked).toBe(before);
  });

  it('makes keys for every process on it: at once where they were made, soon elsewhere', async () => {
    const one = await start('one', NEVER);
    const two = await start('two', 25);
    const key = await one.make({ name: 'ci' });
    expect(await one.status(key)).toBe(200);
    await expect.poll(() => two.status(key), { timeout: 10_000 }).toBe(200);
    await one.revoke('ci');
    expect(await one.status(key)).toBe(401);
    await expect.poll(() => two.status(key), { timeout: 10_000 }).toBe(401);
  });

  it('is read again when another process says that keys have changed', async () => {
    const one = await start('one', NEVER);
    const two = await start('two', NEVER);
    expect(await two.status(made())).toBe(401);
    const key = await one.make({ name: 'ci' });
    expect(await two.status(key)).toBe(401);
    two.engine.runtime.state.publish('keys', {});
    await expect.poll(() => two.status(key), { timeout: 10_000 }).toBe(200);
  });

  it('gives way to the configuration where both have a name, and says so', async () => {
    const one = await start('one', 25);
    const { key } = await issueKey(one.keys, { name: 'root', ...grants }, { now: 1, taken: new Set() });
    const told = async () => (await one.chat({ 'x-api-key': key })).text();
    await expect.poll(told, { timeout: 10_000 }).toContain('auth.keys has a key of that name');
    expect(logged.join()).toContain('a stored key is not in effect');
    const response = await fetch(`${one.url}/router/v1/keys`, { headers: { 'x-api-key': ADMIN } });
    expect(await response.json()).toMatchObject({
      data: [
        { name: 'root', source: 'config', status: 'active' },
        { name: 'root', source: 'store', status: 'hidden' },
      ],
    });
  });

  it('that cannot be read stops only those whose keys nobody knows', async () => {
    let down = true;
    const failing = (keys: KeyStore): KeyStore => ({
      ...keys,
      revision: () => (down ? Promise.reject(new Error('the disk is gone')) : keys.revision()),
    });
    const one = await start('one', 25, failing);
    const { key } = await issueKey(one.keys, { name: 'ci', ...grants }, { now: 1, taken: new Set() });
    expect(await one.status(ADMIN)).toBe(200);
    const refused = await one.chat({ authorization: `Bearer ${key}` });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(await refused.text()).toContain('keys_unavailable');
    const listed = await fetch(`${one.url}/router/v1/keys`, { headers: { 'x-api-key': ADMIN } });
    expect(listed.status).toBe(503);
    down = false;
    await expect.poll(() => one.status(key), { timeout: 10_000 }).toBe(200);
    down = true;
    await expect.poll(() => one.status(made()), { timeout: 10_000 }).toBe(503);
    expect(await one.status(key)).toBe(200);
    expect(logged.join()).toContain('the disk is gone');
  });

  it('that does not answer is not waited for without end', async () => {
    let hangs = true;
    const one = await start('one', 25, (keys) => ({
      ...keys,
      revision: () => (hangs ? new Promise<number>(() => {}) : keys.revision()),
    }));
    expect(await one.status(ADMIN)).toBe(200);
    expect(await one.status(made())).toBe(503);
    hangs = false;
    await expect.poll(() => one.status(made()), { timeout: 10_000 }).toBe(401);
  });
});

describe('a key', () => {
  it('expires when it was said to', async () => {
    const one = await start('one', NEVER);
    const expires = new Date(Date.now() + 1500).toISOString();
    const key = await one.make({ name: 'brief', expires });
    expect(await one.status(key)).toBe(200);
    const told = async () => (await one.chat({ 'x-api-key': key })).text();
    await expect.poll(told, { timeout: 10_000 }).toContain('the key \\"brief\\" has expired');
  });

  it('is in no log, ledger, journal, decision, metric, error or upstream call', async () => {
    const one = await start('one', 25);
    const key = await one.make({ name: 'ci', admin: true });
    const auth = { 'x-api-key': key, authorization: `Bearer ${key}`, 'api-key': key };
    const texts: string[] = [];
    for (const behaviour of [answers, json('{"error":{"message":"no"}}', 400), json('broken', 500)]) {
      upstream.behave(behaviour);
      const response = await one.chat({ ...auth, 'x-signalbox-explain': 'true' });
      texts.push(JSON.stringify([...response.headers]), await response.text());
    }
    for (const path of [
      '/router/v1/decisions',
      '/router/v1/stats',
      '/router/v1/keys',
      '/router/v1/usage?by=key',
      '/metrics',
      `/nowhere?key=${key}`,
    ]) {
      texts.push(await (await fetch(one.url + path, { headers: auth })).text());
    }
    await one.engine.ledger.flush();
    const files = await readdir(folder.path, { recursive: true, withFileTypes: true });
    const store: string[] = [];
    for (const file of files.filter((file) => file.isFile())) {
      const text = await readFile(join(file.parentPath, file.name), 'latin1');
      (file.name.startsWith('ledger.db') ? store : texts).push(text);
    }
    texts.push(logged.join('\n'), ...upstream.requests.map(({ headers, body }) => JSON.stringify([headers, body])));
    const all = texts.join('\n');
    expect(all).toContain('"ci"');
    for (const text of [all, ...store]) expect(text).not.toContain(key);
    const sha256 = createHash('sha256').update(key).digest('hex');
    expect(store.join('\n')).toContain(sha256);
    expect(all).not.toContain(sha256);
  });
});
