import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asSignalboxError } from '../errors.ts';
import { configFromObject } from '../config/load.ts';
import type { ConfigInput } from '../config/schema.ts';
import { manualClock } from '../state/conformance.ts';
import { createMemoryState } from '../state/memory.ts';
import { silentLog } from '../telemetry/log.ts';
import { createAccess, type Access, type Visit } from './access.ts';
import { checkBind } from './bind.ts';
import { issueKey, revokeKey } from './issue.ts';
import { createKeyBook, type KeyBook } from './key-book.ts';
import { openStore } from '../ledger/open-store.ts';
import type { Store } from '../ledger/store.ts';
import { createSessions } from './sessions.ts';
import { hostOf, isLoopbackHost } from './loopback.ts';

const KEY = 'sb-a-key-for-tests-0001';
const ADMIN = 'sb-a-key-for-tests-0002';

function configOf(parts: Pick<ConfigInput, 'auth' | 'server'>) {
  const base = { providers: { p: { kind: 'openai' } }, models: [{ id: 'm', provider: 'p' }] };
  return configFromObject({ ...base, ...parts }, { env: {}, checks: [] }).config;
}

const clock = manualClock(Date.parse('2026-06-01'));
let store: Store;
const books: KeyBook[] = [];

beforeAll(async () => {
  store = await openStore('memory:', { clock });
});

afterAll(async () => {
  for (const book of books) book.close();
  await store.close();
});

function bookOf(parts: Pick<ConfigInput, 'auth' | 'server'>, adminKey?: string): KeyBook {
  const configured = configOf(parts).auth.keys;
  const state = createMemoryState(clock);
  const book = createKeyBook({ configured, adminKey, store: store.keys, state, clock, log: silentLog });
  books.push(book);
  return book;
}

async function door(parts: Pick<ConfigInput, 'auth' | 'server'> = {}) {
  const { auth, server } = configOf(parts);
  const keys = bookOf(parts);
  await keys.start();
  const sessions = createSessions({ keys, state: createMemoryState(clock), clock });
  return createAccess({ auth, server, clock, keys, sessions });
}

function visit(headers: Readonly<Record<string, string>> = {}, rest: Partial<Visit> = {}): Visit {
  return { header: (name) => headers[name], remoteAddress: '127.0.0.1', need: 'inference', ...rest };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'let in';
  } catch (error) {
    return asSignalboxError(error).code;
  }
};

describe('the open loopback', () => {
  let access: Access;
  beforeAll(async () => {
    access = await door({
      server: { host: '127.0.0.1' },
      auth: { origins: ['https://app.example'], hosts: ['box.lan'] },
    });
  });
  it.each([
    ['no headers', {}, 'let in'],
    ['its own name', { host: '127.0.0.1:3456' }, 'let in'],
    ['localhost', { host: 'LOCALHOST:1' }, 'let in'],
    ['IPv6', { host: '[::1]:3456' }, 'let in'],
    ['a listed name', { host: 'box.lan:3456' }, 'let in'],
    ['a foreign name (DNS rebinding)', { host: 'evil.example:3456' }, 'forbidden_host'],
    ['a name that starts like ours', { host: '127.0.0.1.evil.example' }, 'forbidden_host'],
    ['a malformed name', { host: 'a b' }, 'forbidden_host'],
    [
      'its own page',
      { host: 'localhost:3456', origin: 'http://localhost:3456', 'sec-fetch-site': 'same-origin' },
      'let in',
    ],
    [
      'a page on another port',
      { host: 'localhost:3456', origin: 'http://localhost:8080', 'sec-fetch-site': 'same-site' },
      'forbidden_origin',
    ],
    ['a foreign page', { host: 'localhost:3456', origin: 'https://evil.example' }, 'forbidden_origin'],
    ['a sandboxed page', { host: 'localhost:3456', origin: 'null' }, 'forbidden_origin'],
    ['a foreign image or script', { host: 'localhost:3456', 'sec-fetch-site': 'cross-site' }, 'forbidden_origin'],
    [
      'a listed page',
      { host: 'localhost:3456', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' },
      'let in',
    ],
    ['the address bar', { host: 'localhost:3456', 'sec-fetch-site': 'none' }, 'let in'],
    ['a proxy', { 'x-forwarded-for': '203.0.113.9' }, 'unauthorized'],
    ['any other key', { authorization: 'Bearer sk-whatever' }, 'let in'],
    ['an unknown key of ours', { authorization: 'Bearer sb-unknown-key-of-ours' }, 'unauthorized'],
    ['a key of ours that is none', { 'x-api-key': 'sb-short' }, 'unauthorized'],
    ['two keys in one header', { 'x-api-key': `${KEY}, ${KEY}` }, 'unauthorized'],
  ])('%s', (_name, headers, expected) => {
    expect(codeOf(() => access.authorize(visit(headers)))).toBe(expected);
  });

  it('is for this machine only', () => {
    expect(codeOf(() => access.authorize(visit({}, { remoteAddress: '192.0.2.7' })))).toBe('unauthorized');
    expect(codeOf(() => access.authorize(visit({}, { remoteAddress: '::ffff:127.0.0.1' })))).toBe('let in');
  });
});

describe('keys', () => {
  const sha256 = createHash('sha256').update(ADMIN).digest('hex');
  const limits = { rpm: 10, parallel: 2 };
  const budget = { usd: 5, per: 'day' as const };
  let access: Access;
  beforeAll(async () => {
    access = await door({
      auth: {
        mode: 'required',
        keys: [
          { name: 'one', key: KEY, models: ['m'], limits, budget, scopes: ['inference'] },
          { name: 'root', sha256, admin: true, scopes: [] },
          { name: 'old', key: 'sb-a-key-that-has-expired', expires: '2026-01-01T00:00:00Z' },
        ],
      },
    });
  });

  it('are taken from any of the usual headers', () => {
    for (const headers of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }, { 'api-key': KEY }]) {
      expect(access.authorize(visit(headers))).toEqual({
        id: 'one',
        admin: false,
        scopes: ['inference'],
        models: ['m'],
        limits,
        budget: { ...budget, zone: 'UTC', atLimit: 'cheapest' },
      });
    }
  });

  it('are needed, must be known and must not have expired', () => {
    expect(codeOf(() => access.authorize(visit()))).toBe('unauthorized');
    expect(codeOf(() => access.authorize(visit({ 'x-api-key': `${KEY}x` })))).toBe('unauthorized');
    expect(codeOf(() => access.authorize(visit({ 'x-api-key': 'sb-a-key-that-has-expired' })))).toBe('unauthorized');
  });

  it('of an administrator open management, others what they have a scope for', () => {
    const codes = (key: string) =>
      (['admin', 'usage', 'feedback', 'inference', 'any'] as const).map((need) =>
        codeOf(() => access.authorize(visit({ 'x-api-key': key }, { need }))),
      );
    expect(codes(KEY)).toEqual(['forbidden', 'forbidden', 'forbidden', 'let in', 'let in']);
    // This one manages, and asks no model.
    expect(codes(ADMIN)).toEqual(['let in', 'let in', 'let in', 'forbidden', 'let in']);
  });
});

describe('listening', () => {
  const bind = async (parts: Pick<ConfigInput, 'auth' | 'server'>, adminKey?: string) => {
    try {
      await checkBind(configOf(parts), bookOf(parts, adminKey), clock.now());
      return 'let in';
    } catch (error) {
      return asSignalboxError(error).code;
    }
  };

  it('beyond this machine needs keys', async () => {
    const server = { host: '0.0.0.0' };
    const keys = [{ name: 'one', key: KEY }];
    expect(await bind({ server })).toBe('config_invalid');
    expect(await bind({ server, auth: { keys } })).toBe('config_invalid');
    expect(await bind({ server, auth: { mode: 'required' } })).toBe('config_invalid');
    expect(await bind({ server, auth: { mode: 'required', keys } })).toBe('let in');
    expect(await bind({ server: { host: '::1' } })).toBe('let in');
  });

  it('takes an administrator’s key of the environment or the store for one', async () => {
    const parts = { server: { host: '0.0.0.0' }, auth: { mode: 'required' as const } };
    expect(await bind(parts, `sb-${'0123456789abcdef'.repeat(4)}`)).toBe('let in');
    expect(await bind(parts, 'sb-easily-guessed')).toBe('config_invalid');
    expect(await bind(parts, 'f'.repeat(64))).toBe('config_invalid');
    const rules = { now: clock.now(), taken: new Set<string>() };
    await issueKey(store.keys, { name: 'user', admin: false, scopes: [] }, rules);
    expect(await bind(parts)).toBe('config_invalid');
    await issueKey(store.keys, { name: 'late', admin: true, scopes: [], expiresAt: clock.now() - 1 }, rules);
    expect(await bind(parts)).toBe('config_invalid');
    await issueKey(store.keys, { name: 'root', admin: true, scopes: [] }, rules);
    expect(await bind(parts)).toBe('let in');
    await revokeKey(store.keys, 'root', rules);
    expect(await bind(parts)).toBe('config_invalid');
  });

  it('knows names of this machine', () => {
    expect(['localhost', '127.9.9.9', '::1', 'a.localhost'].map(isLoopbackHost)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '10.0.0.1', 'localhost.evil'].map(isLoopbackHost)).toEqual([false, false, false]);
    expect(hostOf('[::1]:80')).toBe('::1');
    expect(hostOf('a@b')).toBeUndefined();
  });
});
