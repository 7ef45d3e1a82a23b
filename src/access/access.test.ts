import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { asSignalboxError } from '../errors.ts';
import { configFromObject } from '../config/load.ts';
import type { ConfigInput } from '../config/schema.ts';
import { manualClock } from '../state/conformance.ts';
import { createAccess, type Visit } from './access.ts';
import { checkBind } from './bind.ts';
import { hostOf, isLoopbackHost } from './loopback.ts';

const KEY = 'sb-a-key-for-tests-0001';
const ADMIN = 'sb-a-key-for-tests-0002';

function configOf(parts: Pick<ConfigInput, 'auth' | 'server'>) {
  const base = { providers: { p: { kind: 'openai' } }, models: [{ id: 'm', provider: 'p' }] };
  return configFromObject({ ...base, ...parts }, { env: {}, checks: [] }).config;
}

function door(parts: Pick<ConfigInput, 'auth' | 'server'> = {}) {
  const config = configOf(parts);
  return createAccess(config.auth, config.server, manualClock(Date.parse('2026-06-01')));
}

function visit(headers: Readonly<Record<string, string>> = {}, rest: Partial<Visit> = {}): Visit {
  return { header: (name) => headers[name], remoteAddress: '127.0.0.1', management: false, ...rest };
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
  const access = door({
    server: { host: '127.0.0.1' },
    auth: { origins: ['https://app.example'], hosts: ['box.lan'] },
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
  const access = door({
    auth: {
      mode: 'required',
      keys: [
        { name: 'one', key: KEY, models: ['m'] },
        { name: 'root', sha256, admin: true },
        { name: 'old', key: 'sb-a-key-that-has-expired', expires: '2026-01-01T00:00:00Z' },
      ],
    },
  });

  it('are taken from any of the usual headers', () => {
    for (const headers of [{ authorization: `Bearer ${KEY}` }, { 'x-api-key': KEY }, { 'api-key': KEY }]) {
      expect(access.authorize(visit(headers))).toEqual({ id: 'one', admin: false, models: ['m'] });
    }
  });

  it('are needed, must be known and must not have expired', () => {
    expect(codeOf(() => access.authorize(visit()))).toBe('unauthorized');
    expect(codeOf(() => access.authorize(visit({ 'x-api-key': `${KEY}x` })))).toBe('unauthorized');
    expect(codeOf(() => access.authorize(visit({ 'x-api-key': 'sb-a-key-that-has-expired' })))).toBe('unauthorized');
  });

  it('of an administrator open management, others do not', () => {
    const management = { management: true };
    expect(codeOf(() => access.authorize(visit({ 'x-api-key': KEY }, management)))).toBe('forbidden');
    expect(access.authorize(visit({ 'x-api-key': ADMIN }, management))).toMatchObject({ id: 'root', admin: true });
  });
});

describe('listening', () => {
  it('beyond this machine needs keys', () => {
    const key = { name: 'one', key: KEY };
    expect(codeOf(() => checkBind(configOf({ server: { host: '0.0.0.0' } })))).toBe('config_invalid');
    expect(codeOf(() => checkBind(configOf({ server: { host: '0.0.0.0' }, auth: { keys: [key] } })))).toBe(
      'config_invalid',
    );
    expect(codeOf(() => checkBind(configOf({ auth: { mode: 'required' } })))).toBe('config_invalid');
    expect(
      codeOf(() => checkBind(configOf({ server: { host: '0.0.0.0' }, auth: { mode: 'required', keys: [key] } }))),
    ).toBe('let in');
    expect(codeOf(() => checkBind(configOf({ server: { host: '::1' } })))).toBe('let in');
  });

  it('knows names of this machine', () => {
    expect(['localhost', '127.9.9.9', '::1', 'a.localhost'].map(isLoopbackHost)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '10.0.0.1', 'localhost.evil'].map(isLoopbackHost)).toEqual([false, false, false]);
    expect(hostOf('[::1]:80')).toBe('::1');
    expect(hostOf('a@b')).toBeUndefined();
  });
});
