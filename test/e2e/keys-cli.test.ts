import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { simulatedConfig } from '../../src/cli/simulated.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { runCli, startServe, type RunningCli } from '../support/cli.ts';
import { asking, temporaryFolder } from '../support/gateway.ts';

const FORM = /sb-[A-Za-z0-9_-]{43}/;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let running: RunningCli | undefined;

beforeEach(async () => {
  folder = await temporaryFolder();
  running = undefined;
  await configure({ auth: { mode: 'required' } });
});

afterEach(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  await folder.remove();
});

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runCli(args, { cwd: folder.path, env });

async function configure(parts: Partial<ConfigInput>): Promise<void> {
  const config = simulatedConfig({ port: 0, folder: join(folder.path, 'data') });
  await writeFile(join(folder.path, 'signalbox.yaml'), stringify({ ...config, ...parts }));
}

async function make(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['keys', 'create', ...args, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as { key: string }).key;
}

async function listed(): Promise<Record<string, unknown>[]> {
  return (JSON.parse((await run(['keys', 'list', '--json'])).stdout) as { data: Record<string, unknown>[] }).data;
}

async function serve(env: Readonly<Record<string, string>> = {}): Promise<string> {
  const started = await startServe([], { cwd: folder.path, env });
  running = started;
  return started.url;
}

const statusOf = async (url: string, key: string) =>
  (
    await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(asking('Convert 3 km to m.')),
    })
  ).status;

describe('signalbox keys', () => {
  it('creates a key that is shown once, lists it without the key, revokes it', async () => {
    const made = await run([
      'keys',
      'create',
      'ci',
      '--models',
      'nano',
      'small',
      '--rpm',
      '60',
      '--budget',
      '5',
      '--expires',
      '90d',
    ]);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    const key = FORM.exec(made.stdout)?.[0] ?? '';
    expect(key).toMatch(FORM);
    expect(made.stdout).toContain('never again');
    const [row] = await listed();
    expect(row).toMatchObject({
      name: 'ci',
      admin: false,
      status: 'active',
      models: ['nano', 'small'],
      limits: { rpm: 60 },
      budget: { usd: 5, per: 'month', zone: 'UTC', atLimit: 'cheapest' },
    });
    expect(JSON.stringify(row)).not.toContain(key);
    const text = await run(['keys']);
    expect(text.stdout).toMatch(/^ci +active +store +inference, usage, feedback, models nano small, rpm 60/m);
    expect(await run(['keys', 'revoke', 'ci'])).toMatchObject({ code: 0, stdout: expect.stringContaining('revoked') });
    expect((await listed())[0]).toMatchObject({ status: 'revoked' });
    // The file of the store is for this user alone, and does not hold the key.
    const file = join(folder.path, 'data/signalbox.db');
    expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
    expect(await readFile(file, 'latin1')).not.toContain(key);
  });

  it('refuses with 2 what makes no sense, and says why', async () => {
    const cases: [string[], string][] = [
      [['create'], '<name> is missing; write signalbox keys create <name>'],
      [['create', 'a b'], 'a name has'],
      [['create', "x'; drop table keys; --"], 'a name has'],
      [['create', 'x', '--models', 'nanoo'], 'did you mean "nano"?'],
      [['create', 'x', '--roles', 'boss'], 'there is no role "boss"'],
      [['create', 'x', '--scopes', 'all'], '--scopes takes inference, usage, feedback, not "all"'],
      [['create', 'x', '--scopes', 'infrence'], 'not "infrence"; did you mean "inference"?'],
      [['create', 'x', '--expires', 'yesterday'], '--expires takes 90d, 2027-01-31'],
      [['create', 'x', '--expires', '2020-01-01'], '--expires "2020-01-01" lies in the past'],
      [['create', 'x', '--expires', '2020-01-01T00:00:00Z'], 'lies in the past'],
      [['create', 'x', '--rpm', '0'], '--rpm takes a whole number'],
      [['create', 'x', '--budget', 'lots'], '--budget takes USD above 0, such as 20 or 0.5, not "lots"'],
      [['create', 'x', '--budget', '0'], '--budget takes USD above 0, such as 20 or 0.5, not "0"'],
      [['create', 'x', '--per', 'day'], '--per needs --budget'],
      [['create', 'x', '--at-limit', 'refuse'], '--at-limit needs --budget'],
      [['create', 'x', '--zone', 'UTC'], '--zone needs --budget'],
      [['create', 'x', '--budget', '1', '--zone', 'Mars'], 'there is no time zone "Mars"'],
      [['create', 'SIGNALBOX_ADMIN_KEY'], 'the configuration or the environment'],
      [['revoke', 'nobody'], 'the store has no key "nobody"'],
      [['rotate', 'nobody'], 'the store has no key "nobody"'],
      [['rotate', 'x', '--grace', 'a while'], '--grace takes a length of time'],
      [['steal'], 'create, list, revoke, rotate'],
    ];
    const results = await Promise.all(cases.map(([args]) => run(['keys', ...args])));
    for (const [i, [args, why]] of cases.entries()) {
      expect(results[i], args.join(' ')).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(why) });
    }
    expect(await listed()).toEqual([]);
  }, 60_000);

  it('tells what happens when a budget is spent, and when that stops nothing', async () => {
    const alone = await run(['keys', 'create', 'alone', '--models', 'nano', '--budget', '20']);
    expect(alone).toMatchObject({ code: 0, stdout: expect.stringContaining('20 USD per month, then the cheapest') });
    expect(alone.stderr).toContain('--at-limit refuse');
    const stopped = ['keys', 'create', 'stopped', '--models', 'nano', '--budget', '20', '--at-limit', 'refuse'];
    expect(await run(stopped)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('20 USD per month, then refuse'),
    });
    const dated = ['keys', 'create', 'dated', '--budget', '5', '--per', 'day', '--expires', '2999-01-31'];
    expect(await run(dated)).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('2999-01-31 00:00'),
    });
    expect((await run(['keys'])).stdout).toMatch(/^stopped .*20 USD per month, then refuse/m);
  });

  it('does not make keys that nobody could use', async () => {
    await configure({ storage: { url: 'memory:' } });
    expect(await run(['keys', 'create', 'x'])).toMatchObject({ code: 2, stderr: expect.stringContaining('memory:') });
  });

  it('makes the first administrator’s key, without which nobody could get in', async () => {
    const refused = await run(['serve', '--port', '0']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('signalbox keys create me --admin') });
    await make('user');
    expect((await run(['serve', '--port', '0'])).code).toBe(2);
    const admin = await make('me', '--admin');
    const url = await serve();
    expect(await statusOf(url, admin)).toBe(200);
    expect((await fetch(`${url}/router/v1/keys`, { headers: { 'x-api-key': admin } })).status).toBe(200);
  });

  it('makes, rotates and revokes keys under a running gateway', async () => {
    await make('me', '--admin');
    const rotated = await make('rotated');
    const revoked = await make('revoked');
    const url = await serve();
    for (const key of [rotated, revoked]) expect(await statusOf(url, key)).toBe(200);
    const [made, rotation] = await Promise.all([
      make('made'),
      run(['keys', 'rotate', 'rotated', '--json']),
      run(['keys', 'revoke', 'revoked']),
    ]);
    const { key: next } = JSON.parse(rotation.stdout) as { key: string };
    const statuses = () => Promise.all([made, next, rotated, revoked].map((key) => statusOf(url, key)));
    await expect.poll(statuses, { timeout: 15_000, interval: 500 }).toEqual([200, 200, 401, 401]);
  }, 60_000);
});

describe('SIGNALBOX_ADMIN_KEY', () => {
  const key = `sb-${'0123456789abcdef'.repeat(4)}`;

  it('opens a gateway that has no other key', async () => {
    const url = await serve({ SIGNALBOX_ADMIN_KEY: key });
    expect((await fetch(`${url}/router/v1/keys`, { headers: { 'x-api-key': key } })).status).toBe(200);
  });

  it('may stand in the .env beside the configuration', async () => {
    await writeFile(join(folder.path, '.env'), `SIGNALBOX_ADMIN_KEY=${key}\n`);
    expect(await statusOf(await serve(), key)).toBe(200);
  });

  it.each(['secret', 'sb-short', 'f'.repeat(64)])('that is no key (%s) is refused, and not repeated', async (bad) => {
    const { code, stderr } = await run(['serve', '--port', '0'], { SIGNALBOX_ADMIN_KEY: bad });
    expect(code).toBe(2);
    expect(stderr).toContain('openssl rand -hex 32');
    expect(stderr).not.toContain(bad);
  });
});

describe('signalbox init --admin-key', () => {
  it('writes a configuration that this key opens', async () => {
    const init = await run(['init', '--out', 'fresh.yaml', '--admin-key', '--json'], { OPENAI_API_KEY: 'sk-test' });
    expect(init).toMatchObject({ code: 0, stderr: '' });
    const { adminKey } = JSON.parse(init.stdout) as { adminKey: string };
    expect(adminKey).toMatch(FORM);
    const text = await readFile(join(folder.path, 'fresh.yaml'), 'utf8');
    expect(text).not.toContain(adminKey);
    expect(text).toContain('mode: required');
    const started = await startServe(['--config', 'fresh.yaml'], {
      cwd: folder.path,
      env: { OPENAI_API_KEY: 'sk-test' },
    });
    running = started;
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await fetch(`${started.url}/router/v1/keys`, { headers })).status;
    expect([await status({}), await status({ 'x-api-key': adminKey })]).toEqual([401, 200]);
  });
});
